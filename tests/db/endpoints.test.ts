import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createSecrets } from '../../common/crypto.ts';
import { UrlRefusedError } from '../../common/network.ts';
import type { Db } from '../../db/db.ts';
import { takeDrain } from '../../db/deliveries.ts';
import {
  addEndpoint,
  disableEndpoint,
  enabledEndpointIds,
  enableEndpoint,
  listEndpoints,
  removeEndpoint,
  rotateSecret,
  UnknownEndpointError,
  UnknownTypeError,
} from '../../db/endpoints.ts';
import { createTestDatabase } from '../support/database.ts';

let db: Db;
let drop: () => Promise<void>;
beforeAll(async () => ({ db, drop } = await createTestDatabase()));
afterAll(() => drop());

const secrets = createSecrets([{ id: 'test', key: randomBytes(32) }]);

test('an endpoint is checked before it is kept, and its secret is nowhere in plain text', async () => {
  const add = (url: string, types: string[] = []) =>
    addEndpoint(db, secrets, { url, types }, { allowPrivate: false });
  await expect(add('https://10.0.0.1/')).rejects.toThrow(UrlRefusedError);
  await expect(add('http://crm.example.com/')).rejects.toThrow('https');
  await expect(add('https://crm.example.com/', ['touch.send'])).rejects.toThrow(UnknownTypeError);
  expect(await listEndpoints(db)).toEqual([]);

  const { id, secret } = await add('https://crm.example.com/hook', ['touch.sent', 'touch.sent']);
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(await listEndpoints(db)).toMatchObject([
    { id, url: 'https://crm.example.com/hook', types: ['touch.sent'], secrets: 1, pending: 0, parked: 0 },
  ]);
  const { rows } = await db.query('select * from endpoints');
  expect(JSON.stringify(rows)).not.toContain(secret.slice(6));

  for (const _ of [1, 2, 3]) await rotateSecret(db, secrets, id);
  expect(await listEndpoints(db)).toMatchObject([{ secrets: 2 }]);
  await disableEndpoint(db, id);
  expect(await enabledEndpointIds(db)).toEqual([]);
  await enableEndpoint(db, id);
  expect(await enabledEndpointIds(db)).toEqual([id]);
  await removeEndpoint(db, id);
  const nobody = randomUUID();
  await expect(removeEndpoint(db, nobody)).rejects.toThrow(UnknownEndpointError);
  await expect(rotateSecret(db, secrets, nobody)).rejects.toThrow(UnknownEndpointError);
  await expect(enableEndpoint(db, nobody)).rejects.toThrow(UnknownEndpointError);
});

test('promise 9: one process has the right to deliver, until it lets it run out', async () => {
  const { id } = await addEndpoint(db, secrets, { url: 'https://crm.example.com/' }, { allowPrivate: false });
  const take = (owner: string, ms = 300) => takeDrain(db, id, owner, { ms, renewBelowMs: ms });
  expect(await take('one')).toMatchObject({ kind: 'open' });
  expect(await take('two')).toEqual({ kind: 'taken' });
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(await take('one')).toMatchObject({ kind: 'open' });
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(await take('two')).toEqual({ kind: 'taken' });
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(await take('two', 60_000)).toMatchObject({ kind: 'open' });
  expect(await take('one')).toEqual({ kind: 'taken' });
  // With many hands at once, one gets it.
  await db.query('update endpoints set drain_until = clock_timestamp()');
  const states = await Promise.all(Array.from({ length: 10 }, () => take(randomUUID(), 60_000)));
  expect(states.filter((state) => state.kind === 'open')).toHaveLength(1);
});

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { wallNow } from '../../common/clock.ts';
import { createSecrets } from '../../common/crypto.ts';
import { checkSender } from '../../api/operations/check-sender.ts';
import type { Db } from '../../db/db.ts';
import { addSender, findSender } from '../../db/senders.ts';
import { askWebClock, clockLine } from '../../providers/clock-check.ts';
import { createProviders } from '../../providers/registry.ts';
import { createTestDatabase } from '../support/database.ts';

let db: Db;
let drop: () => Promise<void>;
let aheadMs = 0;
const server = createServer((_request, response) => {
  response.setHeader('Date', new Date(wallNow() + aheadMs).toUTCString());
  response.writeHead(404).end();
});
let url: string;
beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.close();
  await drop();
});

test('a web server tells how far off our clock is, to a second, whatever else it answers', async () => {
  for (const ms of [0, 600_000, -600_000]) {
    aheadMs = ms;
    const offset = await askWebClock(url);
    expect(Math.abs(offset!.aheadMs + ms)).toBeLessThan(2000);
  }
  expect(await askWebClock('http://127.0.0.1:1')).toBeNull();
});

test('a clock that is half a minute off is wrong, and the line says which way', () => {
  expect(clockLine([{ of: 'the database', aheadMs: 200 }])).toEqual({
    name: 'Clock',
    ok: true,
    detail: `this machine's is the same as that of the database`,
  });
  expect(
    clockLine([
      { of: 'the database', aheadMs: 200 },
      { of: 'api.twilio.com', aheadMs: -31_000 },
    ]),
  ).toEqual({
    name: 'Clock',
    ok: false,
    detail: `this machine's is 31 s behind that of api.twilio.com: set it by NTP`,
  });
});

test('checking a sender looks at the clock of its provider and of the database, beside what the provider says', async () => {
  const secrets = createSecrets([{ id: 'a', key: Buffer.alloc(32, 1) }]);
  const id = await addSender(
    db,
    {
      channel: 'linkedin',
      provider: 'unipile',
      name: 'Rosa',
      address: 'https://www.linkedin.com/in/rosa',
      timeZone: 'UTC',
      settings: { baseUrl: url, accountId: 'acc' },
      credentials: { apiKey: 'key' },
    },
    secrets,
  );
  const providers = createProviders();
  aheadMs = 120_000;
  const lines = await checkSender({ db, secrets, providers }, await findSender(db, id));
  await providers.close();
  expect(lines.map(({ name, ok }) => ({ name, ok }))).toEqual([
    { name: 'Unipile account', ok: false },
    { name: 'Clock', ok: false },
  ]);
  expect(lines[1]!.detail).toMatch(
    /^this machine's is 1(19|20|21) s behind that of 127\.0\.0\.1: set it by NTP$/,
  );
});

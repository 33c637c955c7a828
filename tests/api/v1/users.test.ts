import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { addUser } from '../../../db/access/users.ts';
import { makeLead } from '../../support/factories.ts';
import { startApi, type Client, type TestApi } from './support.ts';

let api: TestApi;
let admin: Client;
beforeAll(async () => {
  api = await startApi();
  admin = await api.signedIn();
});
afterAll(() => api.close());

const change = (id: string, changes: object) =>
  admin.call('PATCH', `/users/${id}`, changes, { 'if-match': '*' });

test('a name, an email or a known name that means somebody is nobody else’s, in any case, and it is said whose it is', async () => {
  const ana = await api.signedIn({
    email: 'ana@acme.test',
    name: 'Ana Sol',
    role: 'rep',
    knownAs: ['asol', 'ana.sol@old.test'],
  });
  await makeLead(api.db, { owner: 'ASol' });
  const taken = (called: string) => ({
    status: 409,
    body: {
      code: 'identity_taken',
      detail: expect.stringMatching(`^“${called}” means Ana Sol <ana@acme.test>: .* handed over`),
    },
  });
  const add = (user: object) =>
    admin.post('/users', { email: 'dup@acme.test', name: 'dup', role: 'rep', ...user });
  for (const [called, user] of [
    ['Ana@Acme.test', { knownAs: ['me', 'Ana@Acme.test'] }],
    ['ANA SOL', { name: 'ANA SOL' }],
    ['ana@acme.test', { name: 'ana@acme.test' }],
    ['ASOL', { name: 'ASOL' }],
    ['Ana.Sol@old.test', { email: 'Ana.Sol@old.test' }],
  ] as const) {
    const { status, body } = await add(user);
    expect(status).toBe(409);
    expect(body.detail.toLowerCase()).toContain(`“${called.toLowerCase()}” means`);
    expect(body.code).toBe('identity_taken');
  }
  expect((await api.db.query(`select from users where name = 'dup'`)).rowCount).toBe(0);

  const { user: dup } = (await add({ knownAs: ['d'] })).body;
  expect(await change(dup.id, { name: 'Ana sol' })).toMatchObject(taken('Ana sol'));
  expect(await change(dup.id, { knownAs: ['d', 'AsOl'] })).toMatchObject(taken('asol'));
  expect((await change(dup.id, { name: 'D', knownAs: ['dup'], team: 'north' })).status).toBe(200);
  expect((await change(ana.user.id, { name: 'ANA SOL', knownAs: ['asol', 'as'] })).status).toBe(200);
  const boss = await api.signedIn({ role: 'manager', name: 'Boss' });
  expect(await boss.call('PATCH', '/me', { name: 'As' })).toMatchObject({
    status: 409,
    body: { code: 'identity_taken' },
  });
});

test('of two that take a name at once one gets it, and who had the same one before may still be changed', async () => {
  const twin = { email: 'twin@acme.test', name: 'Twin', role: 'rep' } as const;
  let second: Promise<unknown> | undefined;
  await api.db.tx(async (tx) => {
    await tx.query(`insert into users (email, name, role) values ('first@acme.test', 'TWIN', 'rep')`);
    second = addUser(api.db, twin).catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 200));
  });
  expect(await second).toMatchObject({ code: 'identity_taken' });
  await api.db.query(
    `insert into users (email, name, role) values ('t1@acme.test', 'Same', 'rep'), ('t2@acme.test', 'Same', 'rep')`,
  );
  const { rows } = await api.db.query<{ id: string }>(`select id from users where name = 'Same'`);
  expect((await change(rows[0]!.id, { name: 'same', disabled: true })).status).toBe(200);
});

test('nothing is handed out that is good for nothing: a link of who may not sign in, a key that is over', async () => {
  const gone = await api.signedIn({ role: 'rep', name: 'Gone' });
  expect((await admin.post(`/users/${gone.user.id}/link`)).status).toBe(201);
  await change(gone.user.id, { disabled: true });
  expect(await admin.post(`/users/${gone.user.id}/link`)).toMatchObject({
    status: 422,
    body: { code: 'user_disabled', detail: expect.stringContaining('Gone may not sign in') },
  });
  const key = (expiresAt: string) =>
    admin.post('/me/api-keys', { name: 'k', scopes: ['leads:read'], expiresAt });
  expect(await key('2020-01-01T00:00:00Z')).toMatchObject({ status: 422, body: { code: 'bad_time' } });
  expect((await key('2199-01-01T00:00:00Z')).status).toBe(201);
});

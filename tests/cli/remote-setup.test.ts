/** What is set up over HTTP: webhooks, senders, users, the consent policy. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { hashPassword } from '../../api/v1/access/password.ts';
import { SCOPES } from '../../api/v1/access/principal.ts';
import { readAbsence } from '../../db/absences.ts';
import { addApiKey, useApiKey } from '../../db/access/api-keys.ts';
import { setPasswordHash } from '../../db/access/sessions.ts';
import { addUser, type Role, type User } from '../../db/access/users.ts';
import { emitMany } from '../../db/callbacks.ts';
import { startApi, type TestApi } from '../api/v1/support.ts';
import { makeLead, makeSender } from '../support/factories.ts';
import { besideDatabase, cadenza, makeFolder, type Run } from './support.ts';

// Each command is a process of its own.
jest.setTimeout(120_000);

const PASSWORD = 'correct horse battery';

let api: TestApi;
let folder: ReturnType<typeof makeFolder>;
let admin: { user: User; key: string };
let rep: typeof admin;
beforeAll(async () => {
  folder = makeFolder();
  api = await startApi();
  admin = await makeUser('admin');
  rep = await makeUser('rep');
});
afterAll(async () => {
  await api?.close();
  folder?.remove();
});

async function makeUser(role: Role): Promise<{ user: User; key: string }> {
  const user = await addUser(api.db, { email: `${role}@acme.test`, name: role, role });
  const { secret } = await addApiKey(api.db, {
    userId: user.id,
    name: 'terminal',
    scopes: SCOPES,
    expiresAt: null,
  });
  await setPasswordHash(api.db, user.id, await hashPassword(PASSWORD), null);
  return { user, key: secret };
}

const runAs = (key: string, args: readonly string[], input = ''): Promise<Run> =>
  cadenza(args, { cwd: folder.path, env: { CADENZA_URL: api.url, CADENZA_KEY: key }, input });
const run = (...args: readonly string[]): Promise<Run> => runAs(admin.key, args);

/** What a command says with `--json` over HTTP, after holding it against what it says beside the database. */
async function same(...args: readonly string[]): Promise<unknown> {
  const [there, here] = await Promise.all([
    run(...args, '--json'),
    cadenza([...args, '--json'], { cwd: folder.path, env: besideDatabase(api.databaseUrl) }),
  ]);
  expect([there.code, here.code, there.stderr]).toEqual([0, 0, '']);
  expect(there.json()).toEqual(here.json());
  return there.json();
}

test('an endpoint is registered, its log read as far as is asked, its callbacks sent again, it is disabled and removed', async () => {
  const added = await run('webhooks', 'add', 'http://127.0.0.1:9/crm', '--type', 'lead.replied', '--json');
  const { id, secret } = added.json() as { id: string; secret: string };
  expect([added.code, secret]).toEqual([0, expect.stringMatching(/^whsec_/)]);
  const [ada, bob] = [await makeLead(api.db), await makeLead(api.db)];
  const replied = (leadId: string, times: number) =>
    Array.from({ length: times }, () => ({ type: 'lead.replied' as const, leadId }));
  await api.db.tx((tx) => emitMany(tx, [...replied(ada.id, 205), ...replied(bob.id, 1)]));
  await api.db.query(`update deliveries set state = 'parked', last_status = 400 where lead_id = $1`, [
    bob.id,
  ]);
  const begins = id.slice(0, 8);

  const many = (await same('webhooks', 'log', begins, '--limit', '203')) as { deliveries: unknown[] };
  expect(many.deliveries).toHaveLength(203);
  expect(await same('webhooks', 'log', begins, '--lead', bob.id, '--state', 'parked')).toMatchObject({
    deliveries: [{ type: 'lead.replied', leadId: bob.id, lastStatus: 400 }],
  });
  const log = await run('webhooks', 'log', begins, '--state', 'parked');
  expect(log.stdout).toMatch(/lead\.replied .* parked .* 400/);

  const replayed = await run('webhooks', 'replay', begins, '--parked', '--json');
  expect([replayed.code, replayed.json()]).toEqual([0, { replayed: 1 }]);
  const since = await run('webhooks', 'replay', begins, '--since', '2026-01-01');
  expect([since.code, since.stdout]).toEqual([0, expect.stringContaining('callbacks will be sent again')]);
  const none = await run('webhooks', 'replay', begins, '--event', 'evt_none');
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('no callback with the id evt_none')]);

  const rotated = await run('webhooks', 'rotate', begins, '--overlap-hours', '1', '--json');
  expect([rotated.code, rotated.json()]).toEqual([0, { secret: expect.stringMatching(/^whsec_/) }]);
  expect((rotated.json() as { secret: string }).secret).not.toBe(secret);
  expect((await run('webhooks', 'disable', begins)).stdout).toBe('Disabled.\n');
  expect(await same('webhooks', 'list')).toMatchObject({
    endpoints: [{ disabledReason: 'by_hand', secrets: 2 }],
  });
  expect((await run('webhooks', 'enable', begins)).stdout).toBe('Enabled.\n');
  const types = ['lead.replied', 'touch.sent'];
  expect(await same('webhooks', 'types', begins, '--type', types.join(','))).toEqual({ id, types });
  expect(await same('webhooks', 'list')).toMatchObject({ endpoints: [{ types, disabledReason: null }] });
  expect((await run('webhooks', 'types', begins)).stdout).toBe('From now on it gets every type.\n');
  const twice = await run('webhooks', 'add', 'http://127.0.0.1:9/crm');
  expect([twice.code, twice.stderr]).toEqual([1, expect.stringContaining(`already (endpoint ${id})`)]);
  const removed = await run('webhooks', 'remove', begins, '--json');
  expect([removed.code, removed.json()]).toEqual([0, { id, done: 'remove' }]);
  expect((await api.db.query('select from endpoints')).rowCount).toBe(0);
  const gone = await run('webhooks', 'enable', begins);
  expect([gone.code, gone.stderr]).toEqual([2, expect.stringContaining('There is no endpoint')]);
});

test('an endpoint is named clearly, and not by who may not', async () => {
  await api.db.query(
    `insert into endpoints (id, url, secrets) select ('abcd0000-0000-4000-8000-00000000000' || n)::uuid, 'https://crm.example.com', '[]' from generate_series(1, 2) n`,
  );
  const both = await run('webhooks', 'disable', 'abcd');
  expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('say which by the id')]);
  const may = await runAs(rep.key, ['webhooks', 'remove', 'abcd0000-0000-4000-8000-000000000001']);
  expect([may.code, may.stderr]).toEqual([1, expect.stringContaining('This needs the role admin')]);
  expect((await api.db.query('select from endpoints')).rowCount).toBe(2);
});

test('a sender is added with its password from standard input, changed, checked and repaired', async () => {
  const settings = '{"host":"127.0.0.1","port":9,"security":"none"}';
  const added = await runAs(
    admin.key,
    ['senders', 'add', 'email', 'rosa@acme.test', '--name', 'Rosa', '--settings', settings, '--cap', 'email=40', '--credential', 'password=-', '--json'],
    'very secret',
  ); // prettier-ignore
  expect([added.code, added.json()]).toMatchObject([
    0,
    { sender: { address: 'rosa@acme.test', provider: 'smtp', hasCredentials: true, brokenAt: null } },
  ]);
  const changed = await run('senders', 'update', 'rosa', '--owner', 'rosa', '--cap', 'message=9', '--json');
  expect([changed.code, changed.json()]).toMatchObject([
    0,
    { sender: { owner: 'rosa', caps: { email: { day: 40 }, message: { day: 9 } } } },
  ]);
  const { senders } = (await same('senders', 'list')) as { senders: Record<string, unknown>[] };
  const { mailboxError: _, usedToday: __, ...sender } = senders[0]!;
  expect((changed.json() as { sender: unknown }).sender).toEqual(sender);

  const bad = await run('senders', 'update', 'rosa', '--settings', '{"colour":"red"}');
  expect([bad.code, bad.stderr]).toEqual([2, expect.stringContaining('colour')]);
  const checked = await run('senders', 'check', 'rosa@acme.test');
  expect([checked.code, checked.stdout]).toEqual([1, expect.stringContaining('✗ SMTP login')]);
  await api.db.query(`update senders set broken_at = now(), broken_reason = 'login_failed'`);
  const repaired = await run('senders', 'repair', 'rosa', '--json');
  expect([repaired.code, repaired.json()]).toEqual([
    0,
    { sender: { id: sender.id, address: 'rosa@acme.test' }, repaired: true },
  ]);
  expect((await api.db.query('select broken_at from senders')).rows).toEqual([{ broken_at: null }]);
});

test('a check says the same as beside the database; who may not add senders does not', async () => {
  await makeSender(api.db, {
    channel: 'linkedin',
    provider: 'manual',
    address: 'https://www.linkedin.com/in/rosa',
  });
  expect(await same('senders', 'check', 'https://www.linkedin.com/in/rosa')).toMatchObject({ ok: true });
  const nobody = await run('senders', 'repair', 'nobody');
  expect([nobody.code, nobody.stderr]).toEqual([2, expect.stringContaining('There is no sender “nobody”')]);
  const may = await runAs(rep.key, ['senders', 'add', 'linkedin', 'https://www.linkedin.com/in/ada']);
  expect([may.code, may.stderr]).toEqual([1, expect.stringContaining('This needs the role admin')]);
  expect((await api.db.query('select from senders')).rowCount).toBe(2);
});

test('users are added and let in no more by who gives their password, and may', async () => {
  const add = (key: string, input: string) =>
    runAs(key, ['users', 'add', 'kim@acme.test', '--name', 'Kim', '--team', 'north', '--json'], input);
  const unasked = await add(admin.key, '');
  expect([unasked.code, unasked.stderr]).toEqual([2, expect.stringContaining('give your password')]);
  const wrong = await add(admin.key, 'not the password');
  expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('sets one in Settings')]);
  const may = await add(rep.key, PASSWORD);
  expect([may.code, may.stderr]).toEqual([1, expect.stringContaining('This needs the role admin')]);
  const added = await add(admin.key, `${PASSWORD}\n`);
  expect([added.code, added.json()]).toMatchObject([
    0,
    {
      user: { email: 'kim@acme.test', name: 'Kim', role: 'rep', team: 'north' },
      link: expect.stringContaining('http://127.0.0.1:9/sign-in/'),
    },
  ]);
  const disable = (...more: string[]) =>
    runAs(admin.key, ['users', 'disable', 'Kim@acme.test', ...more], PASSWORD);
  expect((await disable()).stdout).toBe('Kim <kim@acme.test> is let in no more.\n');
  expect(await same('users', 'list')).toMatchObject({
    users: [{}, { name: 'Kim', disabledAt: expect.any(String) }, {}],
  });
  expect((await disable('--undo')).stdout).toContain('may use Cadenza again');
  expect((await api.db.query('select from sessions')).rowCount).toBe(0);
});

test('a key is made for who gives their own password, without another key', async () => {
  const made = await cadenza(['users', 'key', 'rep@acme.test', '--scope', 'leads:read', '--json'], {
    cwd: folder.path,
    env: { CADENZA_URL: api.url },
    input: PASSWORD,
  });
  const { key, secret } = made.json() as { key: { userId: string; name: string }; secret: string };
  expect([made.code, key]).toMatchObject([0, { userId: rep.user.id, name: 'terminal' }]);
  expect(await useApiKey(api.db, secret)).toMatchObject({ userId: rep.user.id, scopes: ['leads:read'] });
  const { rows } = await api.db.query('select who from audit where action = $1', ['apiKeys.add']);
  expect(rows).toEqual([{ who: 'rep <rep@acme.test>' }]);
});

test('somebody is on leave, and back; not on the word of who is none of theirs', async () => {
  const [from, to] = [0, 7].map((days) =>
    new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10),
  );
  const days = ['--from', from!, '--to', to!];
  const told = async (run: Run) => {
    const { absence } = run.json() as { absence: { id: string; state: string } };
    expect([run.code, absence]).toEqual([
      0,
      JSON.parse(JSON.stringify(await readAbsence(api.db, absence.id))),
    ]);
    return absence;
  };
  const away = await runAs(rep.key, ['users', 'leave', 'rep@acme.test', ...days, '--json']);
  expect(await told(away)).toMatchObject({ name: 'rep', from, to, state: 'now', colleague: null });
  const back = await run('users', 'leave', 'rep@acme.test', '--end', '--json');
  expect(await told(back)).toMatchObject({ state: 'over' });
  const again = await run('users', 'leave', 'rep@acme.test', '--end');
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('is not on leave now')]);
  const may = await runAs(rep.key, ['users', 'leave', 'admin@acme.test', ...days]);
  expect([may.code, may.stderr]).toEqual([2, expect.stringContaining('There is no such user')]);
});

test('where a consent is needed is said and shown', async () => {
  const policy = { DE: ['email', 'sms'] };
  const written = await run('leads', 'consent-policy', JSON.stringify(policy), '--json');
  expect([written.code, written.json()]).toEqual([0, { policy }]);
  expect(await same('leads', 'consent-policy')).toEqual({ policy });
  const wrong = await run('leads', 'consent-policy', '{"UK": ["email"]}');
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('ISO code of a country')]);
  const may = await runAs(rep.key, ['leads', 'consent-policy', '{}']);
  expect([may.code, may.stderr]).toEqual([1, expect.stringContaining('This needs the role admin')]);
});

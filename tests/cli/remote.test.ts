/** The terminal over HTTP says what it says on the database. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SCOPES } from '../../api/v1/access/principal.ts';
import { addApiKey } from '../../db/access/api-keys.ts';
import { addUser } from '../../db/access/users.ts';
import { publish } from '../../db/sequences.ts';
import { parseSequence } from '../../sequences/language/index.ts';
import { makeMessage, makeTask } from '../api/v1/desk-support.ts';
import { startApi, type TestApi } from '../api/v1/support.ts';
import { makeSender } from '../support/factories.ts';
import { besideDatabase, cadenza, makeFolder, type Run } from './support.ts';

// Each command is a process of its own.
jest.setTimeout(240_000);

let api: TestApi;
let folder: ReturnType<typeof makeFolder>;
let key: string;
let task: Awaited<ReturnType<typeof makeTask>>;
beforeAll(async () => {
  folder = makeFolder();
  api = await startApi();
  const user = await addUser(api.db, { email: 'rosa@acme.test', name: 'Rosa', role: 'admin' });
  ({ secret: key } = await addApiKey(api.db, {
    userId: user.id,
    name: 'terminal',
    scopes: SCOPES,
    expiresAt: null,
  }));
  task = await makeTask(api.db, { owner: 'rosa', firstName: 'Remote', dueAt: api.clock.now() });
});
afterAll(async () => {
  await api?.close();
  folder?.remove();
});

const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Run> =>
  cadenza(args, { cwd: folder.path, env: { CADENZA_URL: api.url, CADENZA_KEY: key, ...env } });

test('why and timeline tell the same facts as the API, found by name', async () => {
  const why = await run(['why', 'remote lovelace', '--json']);
  expect([why.code, why.json()]).toMatchObject([
    0,
    { lead: { id: task.leadId }, blocks: [{ kind: 'task' }] },
  ]);
  const text = await run(['why', 'Remote Lovelace']);
  expect(text.stdout).toContain('A task is open');
  const timeline = await run(['timeline', task.leadId, '--json']);
  expect([timeline.code, timeline.json()]).toMatchObject([0, { lead: { id: task.leadId } }]);
});

test('a task is listed and done', async () => {
  const list = await run(['tasks', 'list']);
  expect([list.code, list.stdout]).toEqual([0, expect.stringContaining(task.id.slice(0, 8))]);
  const wrong = await run(['tasks', 'done', task.id.slice(0, 8), '--outcome', 'nonsense']);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('is no outcome of a call task')]);
  const done = await run(['tasks', 'done', task.id.slice(0, 8), '--outcome', 'connected']);
  expect([done.code, done.stdout]).toEqual([0, expect.stringContaining('Done: Do it for Remote')]);
  const { rows } = await api.db.query('select state from tasks where id = $1', [task.id]);
  expect(rows[0]).toEqual({ state: 'done' });
});

test('the inbox is listed and shown, and an answer to no message is refused', async () => {
  await makeMessage(api.db, { leadId: task.leadId, body: 'Tell me more.', at: api.clock.now() });
  const list = await run(['inbox', 'list', '--json']);
  expect([list.code, list.json()]).toMatchObject([
    0,
    { messages: [{ leadId: task.leadId, body: 'Tell me more.', settled: false }] },
  ]);
  expect((await run(['inbox', 'list'])).stdout).toContain('Tell me more.');
  const show = await run(['inbox', 'show', 'Remote Lovelace', '--json']);
  expect([show.code, show.json()]).toMatchObject([
    0,
    {
      lead: { id: task.leadId },
      conversation: expect.arrayContaining([
        expect.objectContaining({ from: 'lead', body: 'Tell me more.' }),
      ]),
    },
  ]);
  expect((await run(['inbox', 'show', task.leadId])).stdout).toContain('Tell me more.');
  const nobody = await run(['inbox', 'reply', task.leadId, '--message', 'ffff', '--text', 'Hello']);
  expect([nobody.code, nobody.stderr]).toEqual([2, expect.stringContaining('no message with the id')]);
});

test('a lead and everything are paused, resumed and stopped', async () => {
  const paused = await run(['pause', 'lead', 'Remote Lovelace', '--reason', 'asked', '--json']);
  expect([paused.code, paused.json()]).toMatchObject([
    0,
    { target: { scope: 'lead', scopeId: task.leadId }, already: false, reason: 'asked', sending: [] },
  ]);
  const again = await run(['pause', 'lead', task.leadId]);
  expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('was paused already: asked')]);
  const resumed = await run(['resume', 'lead', task.leadId, '--json']);
  expect([resumed.code, resumed.json()]).toMatchObject([0, { resumed: true }]);
  const stopped = await run(['stop', 'lead', task.leadId, '--json']);
  expect([stopped.code, stopped.json()]).toMatchObject([0, { stopped: 1 }]);
  const { rows } = await api.db.query('select status from enrollments where lead_id = $1', [task.leadId]);
  expect(rows).toEqual([{ status: 'stopped' }]);
  const nobody = await run(['pause', 'launch', 'No such launch']);
  expect([nobody.code, nobody.stderr]).toEqual([2, expect.stringContaining('There is no launch')]);
  const reason = await run(['pause', 'all', '--reason', ' ']);
  expect([reason.code, reason.stderr]).toEqual([2, expect.stringContaining('/reason')]);
});

test('a sequence is published with those that it goes on with', async () => {
  const file = fileURLToPath(new URL('../../sequences/library/classic.yaml', import.meta.url));
  const first = await run(['publish', file, '--json']);
  expect([first.code, first.json()]).toMatchObject([0, { published: expect.any(Array) }]);
  const told = first.json() as { published: { sequence: string; outcome: string }[] };
  expect(told.published.at(-1)).toMatchObject({ sequence: 'classic', outcome: 'new_version', revision: 1 });
  const again = await run(['publish', file]);
  expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('classic: nothing to publish')]);
  const { rows } = await api.db.query(`select name from sequence_versions where name = 'classic'`);
  expect(rows).toHaveLength(1);
});

test('a sequence is paused by its name or title, over HTTP and beside the database', async () => {
  const namesake = 'name: other\ntitle: Classic\nsteps:\n  - { id: hello, sms: { text: Hi } }\n';
  await publish(api.db, parseSequence(namesake, 'other.yaml'));
  const paused = await run(['pause', 'sequence', 'Classic', '--reason', 'new pricing', '--json']);
  expect([paused.code, paused.json()]).toMatchObject([
    0,
    { target: { scope: 'sequence', name: 'Classic outreach' }, already: false, reason: 'new pricing' },
  ]);
  const beside = { env: besideDatabase(api.databaseUrl), cwd: folder.path };
  const again = await cadenza(['pause', 'sequence', 'classic outreach'], beside);
  expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('was paused already: new pricing')]);
  const resumed = await cadenza(['resume', 'sequence', 'classic', '--json'], beside);
  expect([resumed.code, resumed.json()]).toMatchObject([0, { resumed: true }]);
  expect((await run(['resume', 'sequence', 'Classic outreach'])).stdout).toContain('was not paused');
  const wrong = await run(['pause', 'sequence', 'no-such']);
  expect(wrong.stderr).toMatch(/There are: .*classic/);
  for (const nobody of [
    await run(['pause', 'sequence', 'no-such']),
    await cadenza(['pause', 'sequence', 'no-such'], beside),
  ])
    expect([nobody.code, nobody.stderr]).toEqual([2, expect.stringMatching(/no sequence|No sequence/i)]);
  const stop = await run(['stop', 'sequence', 'classic']);
  expect([stop.code, stop.stderr]).toEqual([2, expect.stringContaining('is one of lead, launch, sender')]);
});

test('a file of leads is imported; what is not taken is written beside it', async () => {
  const csv = join(folder.path, 'leads.csv');
  await writeFile(csv, 'Email,First name,Tier\nnew@lead.example,Nia,gold\nnobody,Nobody,\n');
  const done = await run(['import', csv, '--map', 'Tier=attributes.tier', '--json']);
  expect([done.code, done.json()]).toMatchObject([
    0,
    { rows: 2, created: 1, leads: 1, rejectsFile: join(folder.path, 'leads.rejects.csv') },
  ]);
  expect(await readFile(join(folder.path, 'leads.rejects.csv'), 'utf8')).toContain('nobody');
  const { rows } = await api.db.query(`select attributes from leads where emails = '{new@lead.example}'`);
  expect(rows).toEqual([{ attributes: { tier: 'gold' } }]);
  const missing = await run(['import', 'no-such.csv']);
  expect(missing.code).not.toBe(0);
});

test('what is published is launched on a file and on a segment; a file that says something else is not', async () => {
  const file = join(folder.path, 'hello.yaml');
  const source =
    "name: hello\nsteps:\n  - { id: mail, email: { subject: Hi, body: 'Hello {{ lead.email }}' } }\n";
  await writeFile(file, source);
  await makeSender(api.db, { channel: 'email', address: 'out@acme.test' });
  const csv = join(folder.path, 'list.csv');
  await writeFile(csv, 'Email,Country\na@list.example,PT\nb@list.example,PT\n');
  const early = await run(['launch', file, '--leads', csv]);
  expect([early.code, early.stderr]).toEqual([2, expect.stringContaining('hello is not published there')]);
  expect(await run(['publish', file])).toMatchObject({ code: 0 });
  const launched = await run(['launch', file, '--leads', csv, '--name', 'By file', '--json']);
  expect([launched.code, launched.json()]).toMatchObject([
    0,
    { name: 'By file', sequence: 'hello', imported: { created: 2 }, report: { enrolled: 2 } },
  ]);
  await writeFile(csv, 'Email,Country\nc@list.example,PT\n');
  const added = await run(['launch', '--to', 'By file', '--leads', csv]);
  expect([added.code, added.stdout]).toEqual([0, expect.stringContaining('Enrolled 1 lead in hello')]);
  const dry = await run(['launch', file, '--segment', 'lead.country == "PT"', '--dry-run', '--json']);
  expect([dry.code, dry.json()]).toMatchObject([
    0,
    { dryRun: true, launchId: null, report: { enrolled: 0, excluded: { already_active: 3 } } },
  ]);
  await writeFile(csv, 'Email,Country\nd@list.example,PT\n');
  const unnamed = await run(['launch', file, '--leads', csv]);
  expect([unnamed.code, unnamed.stdout]).toEqual([0, expect.stringContaining('Launch "hello: list"')]);
  expect(unnamed.stdout).toContain(`How it goes: ${api.url}/launches/`);
  const by = await run(['launch', file, '--segment', 'true', '--sender', 'nobody@acme.test']);
  expect([by.code, by.stderr]).toEqual([2, expect.stringContaining('out@acme.test')]);
  await writeFile(file, source.replace('Hi', 'Changed'));
  const other = await run(['launch', file, '--segment', 'true']);
  expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('Publish it first')]);
});

test('what is read over HTTP is, with --json, what is read beside the database', async () => {
  await makeSender(api.db, { channel: 'email', owner: 'rosa', caps: { email: { day: 5 } } });
  await api.db.query(`insert into endpoints (url, secrets) values ('https://crm.example.com/in', '[]')`);
  await makeMessage(api.db, { leadId: task.leadId, body: 'Again.', at: api.clock.now() });
  const beside = besideDatabase(api.databaseUrl);
  for (const command of [
    ['senders', 'list'],
    ['users', 'list'],
    ['webhooks', 'list'],
    ['inbox', 'show', task.leadId],
    ['why', task.leadId],
    ['timeline', task.leadId],
    ['tasks', 'list'],
  ]) {
    const [there, here] = await Promise.all([
      run([...command, '--json']),
      cadenza([...command, '--json'], { cwd: folder.path, env: beside }),
    ]);
    expect([command, there.code, here.code]).toEqual([command, 0, 0]);
    expect([command, there.json()]).toEqual([command, here.json()]);
  }
});

test('a lead is skipped on, suppressed and erased, an address suppressed', async () => {
  const { leadId, enrollmentId } = await makeTask(api.db, {
    owner: 'rosa',
    firstName: 'Gone',
    dueAt: api.clock.now(),
  });
  const skipped = await run(['skip', leadId, '--json']);
  expect([skipped.code, skipped.json()]).toMatchObject([0, { lead: { id: leadId }, skipped: true }]);
  const { rows } = await api.db.query(`select event->>'type' as kind from inbox where enrollment_id = $1`, [
    enrollmentId,
  ]);
  expect(rows).toContainEqual({ kind: 'skip' });
  const suppressed = await run(['leads', 'suppress', leadId, '--channel', 'sms', '--json']);
  expect([suppressed.code, suppressed.json()]).toMatchObject([0, { channel: 'sms', leads: 1, stopped: 0 }]);
  const domain = await run(['leads', 'suppress', '--domain', 'competitor.com', '--reason', 'competitor']);
  expect([domain.code, domain.stdout]).toEqual([0, expect.stringContaining('Suppressed: competitor.com')]);
  const phone = await run(['leads', 'suppress', '--phone', '12']);
  expect([phone.code, phone.stderr]).toEqual([2, expect.stringContaining('is no phone')]);
  const unasked = await run(['leads', 'erase', leadId]);
  expect([unasked.code, unasked.stderr]).toEqual([2, expect.stringContaining('--yes')]);
  const erased = await run(['leads', 'erase', leadId, '--yes', '--json']);
  expect([erased.code, erased.json()]).toMatchObject([0, { erased: leadId, enrollments: 1 }]);
  expect((await run(['why', leadId])).code).toBe(2);
});

test('what is wrong is said: no such lead, no key, a bad key, nobody there', async () => {
  for (const [args, env, code, said] of [
    [['why', 'nobody at all'], {}, 2, 'No lead is known by'],
    [['why', 'ada'], { CADENZA_KEY: '' }, 2, 'set CADENZA_KEY'],
    [['why', 'ada'], { CADENZA_KEY: 'cdz_wrong' }, 1, 'not good'],
    [['why', 'ada'], { CADENZA_URL: 'http://127.0.0.1:9' }, 1, 'does not answer'],
  ] as const) {
    const ended = await run(args, env);
    expect([args, ended.code, ended.stderr]).toEqual([args, code, expect.stringContaining(said)]);
  }
});

/** Tasks, inbox, leads and previews over HTTP: as beside the database, within the user's rights. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SCOPES } from '../../api/v1/access/principal.ts';
import { createIdentityHasher } from '../../common/crypto.ts';
import { addApiKey } from '../../db/access/api-keys.ts';
import { addUser, type NewUser } from '../../db/access/users.ts';
import { makeMessage, makeTask } from '../api/v1/desk-support.ts';
import { startApi, type TestApi } from '../api/v1/support.ts';
import { scriptedProvider } from '../support/enrollment-host.ts';
import { makeLead, makeSender } from '../support/factories.ts';
import { besideDatabase, here, makeFolder, type Run } from './support.ts';

// Each command is a process of its own.
jest.setTimeout(240_000);

const HOUR = 3_600_000;
/** Where links of both ways lead. */
const PUBLIC = 'http://127.0.0.1:9';
const provider = scriptedProvider();
let api: TestApi;
let folder: ReturnType<typeof makeFolder>;
let boss: string;
let rep: string;
beforeAll(async () => {
  folder = makeFolder();
  api = await startApi({
    hashIdentity: createIdentityHasher(Buffer.alloc(32, 7)),
    secrets: { decrypt: (text: string) => text, encrypt: (text: string) => text } as never,
    providers: { get: () => provider } as never,
  });
  boss = await keyOf({ email: 'boss@acme.test', name: 'Boss', role: 'admin' });
  rep = await keyOf({ email: 'rep@acme.test', name: 'Somebody else', role: 'rep' });
});
afterAll(async () => {
  await api?.close();
  folder?.remove();
});

async function keyOf(given: NewUser): Promise<string> {
  const { id: userId } = await addUser(api.db, given);
  return (await addApiKey(api.db, { userId, name: 'terminal', scopes: SCOPES, expiresAt: null })).secret;
}

const runAs = (key: string, args: readonly string[]): Promise<Run> =>
  here(args, { cwd: folder.path, env: { CADENZA_URL: api.url, CADENZA_KEY: key } });
const run = (...args: string[]): Promise<Run> => runAs(boss, args);
const beside = (...args: string[]): Promise<Run> =>
  here(args, { cwd: folder.path, env: { ...besideDatabase(api.databaseUrl), CADENZA_PUBLIC_URL: PUBLIC } });

/** What both ways say, which must be the same. */
async function both(...args: string[]): Promise<Run> {
  const there = await run(...args);
  expect({ args, ...there, json: null }).toEqual({ args, ...(await beside(...args)), json: null });
  return there;
}
/** The same of what `--json` says. */
async function bothTell(...args: string[]): Promise<unknown> {
  const [there, atHome] = [await run(...args, '--json'), await beside(...args, '--json')];
  expect([args, there.code, there.json()]).toEqual([args, atHome.code, atHome.json()]);
  return there.json();
}

test('tasks are listed, by launch and beyond a page, shown, and called', async () => {
  const task = await makeTask(api.db, { owner: 'rosa', dueAt: api.clock.now(), body: 'Say hello.' });
  const { rows } = await api.db.query<{ id: string; name: string }>(
    `update launches n set name = 'Spring' from enrollments e where e.id = $1 and n.id = e.launch_id returning n.id, n.name`,
    [task.enrollmentId],
  );
  await makeTask(api.db, { owner: 'rosa', dueAt: api.clock.now() - HOUR });
  await api.db.query(
    `with t as (insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, state, slot_at, local_day)
       select $1, $2, 'work', 1 + n, 1, 'call', 'call', 'task', business_now(), '2026-03-10' from generate_series(1, 510) n returning id)
     insert into tasks (enrollment_id, lead_id, touch_id, kind, title, body, due_at, created_at)
     select $1, $2, id, 'call', 'One of many', '', $3, business_now() from t`,
    [task.enrollmentId, task.leadId, new Date(api.clock.now() + HOUR)],
  );
  const list = (await bothTell('tasks', 'list', '--launch', 'Spring', '--limit', '600')) as {
    tasks: object[];
  };
  expect(list.tasks).toHaveLength(511);
  expect(list.tasks[0]).toMatchObject({
    id: task.id,
    launchId: rows[0]!.id,
    stepId: 'work',
    body: 'Say hello.',
  });
  expect((await both('tasks', 'list', '--assignee', 'nobody')).stdout).toBe('No tasks.\n');
  await bothTell('tasks', 'show', task.id.slice(0, 8));
  expect((await both('tasks', 'show', task.id.slice(0, 8))).stdout).toContain('Say hello.');
  await both('tasks', 'call', task.id.slice(0, 8));
  const done = await run('tasks', 'done', task.id.slice(0, 8), '--outcome', 'connected', '--json');
  expect([done.code, done.json()]).toMatchObject([
    0,
    { task: { id: task.id, stepId: 'work', state: 'done' } },
  ]);
  await bothTell('tasks', 'list', '--state', 'done');
  const others = await runAs(rep, ['tasks', 'show', task.id.slice(0, 8)]);
  expect([others.code, others.stderr]).toEqual([2, expect.stringContaining('There is no task with the id')]);
});

test('messages are listed each for itself, classed, matched and given out; a reply is settled', async () => {
  const lead = await makeLead(api.db, { owner: 'rosa', firstName: 'Ina', lastName: 'Boxed' });
  const { id: senderId } = await makeSender(api.db, { channel: 'email' });
  const at = api.clock.now();
  const raw = 'Subject: Hi\r\n\r\nÜber \u001b[31mred\r\n';
  const [old, mail, strange] = [
    await makeMessage(api.db, { leadId: lead.id, at: at - 2 * HOUR, settled: true }),
    await makeMessage(api.db, { leadId: lead.id, senderId, at: at - HOUR, raw }),
    await makeMessage(api.db, { maybeLeadId: lead.id, at }),
  ];
  await makeMessage(api.db, { leadId: lead.id, at: at - 3 * HOUR });
  const open = (await bothTell('inbox', 'list')) as { messages: { id: string }[] };
  expect(open.messages.map(({ id }) => id)).toEqual([strange, mail, expect.any(String)]);
  expect((await both('inbox', 'list', '--all', '--limit', '4')).stdout).toContain(old.slice(0, 8));

  const file = join(folder.path, 'mail.eml');
  const written = await run('inbox', 'raw', mail.slice(0, 8), '--out', file);
  expect([written.code, await readFile(file, 'utf8')]).toEqual([0, raw]);
  await bothTell('inbox', 'raw', mail);
  expect(await bothTell('inbox', 'raw', old)).toMatchObject({ error: { code: 'not_kept' } });

  const matched = await run('inbox', 'match', strange.slice(0, 8), '--json');
  expect([matched.code, matched.json()]).toMatchObject([0, { id: strange, lead: { id: lead.id } }]);
  const again = await run('inbox', 'match', strange.slice(0, 8), 'Ina Boxed');
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('matched already')]);
  const classed = await run('inbox', 'class', mail.slice(0, 8), 'interested', '--json');
  expect([classed.code, classed.json()]).toEqual([0, { id: mail, leadId: lead.id, class: 'interested' }]);
  const others = await runAs(rep, ['inbox', 'class', mail.slice(0, 8), 'interested']);
  expect([others.code, others.stderr]).toEqual([2, expect.stringContaining('There is no message')]);

  provider.respond = () => ({ kind: 'unknown', code: 'broken', detail: 'The line broke.' });
  const reply = await run('inbox', 'reply', lead.id, '--text', 'Hello', '--json');
  provider.respond = () => ({ kind: 'sent', providerId: 'p-2' });
  const { id } = (reply.json() as { reply: { id: string } }).reply;
  const settled = await run('inbox', 'settle', id.slice(0, 8), '--sent', '--json');
  expect([settled.code, settled.json()]).toMatchObject([0, { reply: { id, state: 'sent' } }]);
  await both('inbox', 'settle', id.slice(0, 8), '--not-sent');
});

test('a lead is shown by any name, exported whole, and its timeline goes beyond a page; a list goes out as CSV', async () => {
  const lead = await makeLead(api.db, {
    owner: 'rosa',
    firstName: 'Eve',
    lastName: 'Exported',
    phone: '+49301234567',
  });
  await makeLead(api.db, { owner: 'otto', firstName: 'Eve', lastName: 'Twin' });
  await makeLead(api.db, { owner: 'otto', firstName: 'Eve', lastName: 'Twin' });
  await api.db.query(
    `update leads set country = 'IS', attributes = '{"note": "two\\nlines, \\"quoted\\""}' where id = $1`,
    [lead.id],
  );
  await api.db.query(`insert into lead_identities (kind, value, lead_id) values ('external', 'crm-77', $1)`, [
    lead.id,
  ]);
  await api.db.query(
    `insert into lead_events (lead_id, type, channel, at)
     select $1, 'opened', 'email', business_now() - make_interval(mins => n) from generate_series(1, 1100) n`,
    [lead.id],
  );
  expect(await run('leads', 'suppress', 'crm-77', '--channel', 'sms')).toMatchObject({ code: 0 });
  expect(await bothTell('leads', 'show', 'crm-77')).toMatchObject({
    lead: { id: lead.id, country: 'IS' },
    suppressed: ['sms'],
  });
  expect((await both('leads', 'show', 'eve exported')).stdout).toContain('never contact');
  expect(await bothTell('leads', 'show', 'Eve Twin')).toMatchObject({ error: { code: 'ambiguous' } });
  const timeline = (await bothTell('timeline', 'crm-77', '--limit', '1050')) as { entries: object[] };
  expect(timeline).toMatchObject({ truncated: true, entries: expect.any(Array) });
  expect(timeline.entries).toHaveLength(1050);
  await both('leads', 'export', 'crm-77');
  const csv = (await both('leads', 'export', '--segment', 'lead.country == "IS"')).stdout;
  expect(csv).toContain('"two\nlines, ""quoted"""');
  const told = await run(
    'leads',
    'export',
    '--segment',
    'lead.country == "IS"',
    '--output',
    'is.csv',
    '--json',
  );
  expect(told.json()).toEqual({ exported: 1, output: 'is.csv' });
  expect(await readFile(join(folder.path, 'is.csv'), 'utf8')).toBe(csv);
  await bothTell('leads', 'export', '--segment', 'lead.country ==', '--output', 'none.csv');
  await expect(stat(join(folder.path, 'none.csv'))).rejects.toThrow('ENOENT');
  const others = await runAs(rep, ['leads', 'export']);
  expect(others.stdout.trim().split('\n')).toHaveLength(1);
});

test('a file is previewed for a lead that is there, and mailed to oneself only', async () => {
  const lead = await makeLead(api.db, { owner: 'rosa', firstName: 'Pre', lastName: 'Viewed' });
  const file = join(folder.path, 'shown.yaml');
  await writeFile(
    file,
    `name: shown
steps:
  - id: hello
    email: { subject: Hi, body: 'Good day {{ lead.first_name }}' }
  - id: odd
    sms: { text: 'Your {{ lead.attributes.missing }}' }
  - reactivate: { after: 30 days, with: later }
`,
  );
  await writeFile(
    join(folder.path, 'later.yaml'),
    'name: later\nsteps:\n  - { id: last, email: { subject: Still, body: There } }\n',
  );
  await both('preview', file, '--lead', 'Pre Viewed');
  await bothTell('preview', file, '--lead', lead.id);
  const mailed = await run('preview', file, '--lead', lead.id, '--send-to', 'boss@acme.test', '--json');
  expect(mailed.json()).toMatchObject({
    sent: [
      { sequence: 'shown', stepId: 'hello', sent: true },
      { sequence: 'later', stepId: 'last', sent: true },
    ],
  });
  expect(provider.sent.at(-1)).toMatchObject({ to: 'boss@acme.test', subject: '[Preview] Still' });
  const others = await run('preview', file, '--lead', lead.id, '--send-to', 'ceo@acme.test');
  expect([others.code, others.stderr]).toEqual([2, expect.stringContaining('--send-to boss@acme.test')]);
});

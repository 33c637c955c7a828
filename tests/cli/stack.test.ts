import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Db } from '../../db/db.ts';
import { type Sandbox } from '../../providers/sandbox/sandbox.ts';
import {
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeSender,
  makeVersion,
  touchNode,
} from '../support/factories.ts';
import { bookNow } from '../support/sending.ts';
import { openTerminal, type Terminal } from './support.ts';

// Each run is a process of its own; the machine may be busy.
jest.setTimeout(180_000);

let terminal: Terminal;
let db: Db;
let sandbox: Sandbox;
let folder: string;
beforeAll(async () => {
  terminal = await openTerminal();
  ({ db, sandbox, folder } = terminal);
});
afterAll(() => terminal.close());

const run: Terminal['run'] = (...args) => terminal.run(...args);
const withInput: Terminal['withInput'] = (...args) => terminal.withInput(...args);
const write: Terminal['write'] = (...args) => terminal.write(...args);

const sequence = (body: string) =>
  `name: short\nsteps:\n  - id: hello\n    email: { subject: Hi, body: "${body}" }\n  - wait: 2 days\n  - id: again\n    email: { subject: Again, body: "${body}" }\n`;

test('senders: a secret is read from standard input, stored encrypted and never shown', async () => {
  const settings = JSON.stringify(sandbox.senderSettings('email').settings);
  const [added, bare, bad, unknown, misspelt] = await Promise.all([
    withInput(
      'hunter2\n',
      'senders',
      'add',
      'email',
      'rosa@example.com',
      '--name',
      'Rosa Lind',
      '--settings',
      settings,
      '--time-zone',
      'Europe/Berlin',
      '--credential',
      'password=-',
      '--json',
    ),
    run('senders', 'add', 'email', 'sam@example.com', '--credential', 'password=hunter2'),
    run('senders', 'add', 'email', 'not an address', '--json'),
    run('senders', 'add', 'email', 'sam@example.com', '--provider', 'pigeon'),
    run('senders', 'add', 'email', 'sam@example.com', '--settings', '{"hots":"mail.example.com"}'),
  ]);
  expect(added.code).toBe(0);
  expect(added.json()).toMatchObject({ sender: { address: 'rosa@example.com', hasCredentials: true } });
  expect(bare).toMatchObject({ code: 2, stdout: '' });
  for (const { stdout, stderr } of [added, bare]) expect(stdout + stderr).not.toContain('hunter2');
  const { rows } = await db.query<{ credentials: string }>('select credentials from senders');
  expect(rows).toHaveLength(1);
  expect(rows[0]!.credentials).toMatch(/^v1\.k\./);
  expect(bad.json()).toMatchObject({
    error: { code: 'bad_sender', message: 'This sender cannot be used: address: is no email address.' },
  });
  const update = (...more: string[]) => run('senders', 'update', 'rosa@example.com', ...more);
  const [wrong, renamed] = await Promise.all([
    update('--settings', '{"hots":"mail.example.com"}'),
    update('--owner', 'rosa', '--json'),
  ]);
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('hots') });
  expect(renamed.json()).toMatchObject({
    sender: { owner: 'rosa', settings: JSON.parse(settings) as object },
  });
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('for email there is: smtp') });
  expect(misspelt).toMatchObject({ code: 2, stderr: expect.stringContaining('hots') });
});

test('import takes what it can, lists the rest with line and reason, and neutralises formulas', async () => {
  write(
    'leads.csv',
    'email,first name,note,time zone\nada@acme.test,Ada,=1+1,Europe/Berlin\nbob@acme.test,Bob,,Mars/Olympus\n,Nobody,=cmd(),\n',
  );
  const first = await run('import', 'leads.csv', '--json');
  expect(first.code).toBe(0);
  expect(first.json()).toMatchObject({
    rows: 3,
    created: 2,
    rejected: { no_identity: 1 },
    warnings: 1,
    rejectsFile: 'leads.rejects.csv',
  });
  const rejects = readFileSync(join(folder, 'leads.rejects.csv'), 'utf8');
  expect(rejects).toMatch(/^4,rejected,"?no_identity/m);
  expect(rejects).toContain(`'=cmd()`);
  const [missing, mapped, exported] = await Promise.all([
    run('import', 'none.csv'),
    run('import', 'leads.csv', '--map', 'Mail=email'),
    run('leads', 'export'),
  ]);
  expect(missing).toMatchObject({ code: 2, stderr: 'There is no file none.csv.\n' });
  expect(mapped).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('the mapping names column “Mail”'),
  });
  expect(exported.code).toBe(0);
  expect(exported.stdout).toContain(`'=1+1`);
});

test('launch: a dry run changes nothing and says what a launch then does', async () => {
  write('short.yaml', sequence('Hello {{ lead.first_name }}'));
  write('more.csv', 'email,first name\ncy@other.test,Cy\n');
  const counts = async () =>
    (
      await db.query(
        'select (select count(*) from leads) as leads, (select count(*) from launches) as launches, (select count(*) from sequence_versions) as versions, (select count(*) from enrollments) as enrollments',
      )
    ).rows[0];
  const before = await counts();
  const dry = await run('launch', 'short.yaml', '--leads', 'more.csv', '--dry-run', '--json');
  expect(dry.code).toBe(0);
  expect(dry.json()).toMatchObject({
    dryRun: true,
    launchId: null,
    report: { enrolled: 1 },
    imported: { created: 1 },
  });
  expect(await counts()).toEqual(before);

  const real = await run('launch', 'short.yaml', '--leads', 'more.csv', '--name', 'spring', '--json');
  expect(real.code).toBe(0);
  expect(real.json()).toMatchObject({ dryRun: false, name: 'spring', report: { enrolled: 1 } });
  expect(real.stderr).toMatch(/^warning: It is stored and in force, but the workflows could not be told/);

  const [added, cel, nobody] = await Promise.all([
    run('launch', '--to', 'spring', '--segment', 'lead.first_name == "Ada"', '--json'),
    run('launch', 'short.yaml', '--segment', 'lead.frist_name == "Ada"', '--json'),
    run('launch', 'short.yaml', '--leads', 'more.csv', '--sender', 'nobody@x.test'),
  ]);
  expect(added.json()).toMatchObject({ name: 'spring', report: { enrolled: 1 } });
  expect(cel.code).toBe(2);
  expect(cel.json()).toMatchObject({
    error: { code: 'bad_condition', message: expect.stringContaining('first_name') },
  });
  expect(nobody).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('There is no sender "nobody@x.test"'),
  });
});

test('a launch on nobody says so and is not kept; default names do not collide', async () => {
  write('again.yaml', sequence('Hello').replace('name: short', 'name: twice'));
  write('one.csv', 'email\ngus@one.test\n');
  write('two.csv', 'email\nhal@two.test\n');
  const launches = async () => (await db.query('select id from launches')).rows.length;
  const first = await run('launch', 'again.yaml', '--leads', 'one.csv', '--json');
  expect(first.json()).toMatchObject({ name: 'twice: one', report: { enrolled: 1 } });
  const before = await launches();
  const nobody = await run('launch', 'again.yaml', '--leads', 'one.csv');
  expect(nobody.code).toBe(1);
  expect(nobody.stdout).toMatch(
    /Nobody was enrolled in twice\. No launch was made\.\n {2}1 lead left out: already active/,
  );
  expect(await launches()).toBe(before);
  write('one.csv', 'email\nivy@three.test\n');
  const second = await run('launch', 'again.yaml', '--leads', 'one.csv', '--json');
  expect(second.json()).toMatchObject({ name: 'twice: one (2)' });
  await run('import', 'two.csv');
  const segment = await run('launch', 'again.yaml', '--segment', 'lead.email == "hal@two.test"', '--json');
  expect(segment.json()).toMatchObject({ name: 'twice: segment 1', report: { enrolled: 1 } });
});

test('promise 10: changed copy is published explicitly, and refused where it would hold a lead', async () => {
  write('short.yaml', sequence('Good day {{ lead.first_name }}'));
  const launch = await run('launch', 'short.yaml', '--leads', 'more.csv', '--json');
  expect(launch.code).toBe(1);
  expect(launch.json()).toMatchObject({ error: { code: 'copy_not_published', steps: ['hello', 'again'] } });
  const published = await run('publish', 'short.yaml', '--json');
  expect(published.json()).toEqual({
    published: [expect.objectContaining({ sequence: 'short', outcome: 'new_copy', revision: 2 })],
  });
  write('short.yaml', sequence('Dear {{ lead.title }}'));
  const refused = await run('publish', 'short.yaml', '--json');
  expect(refused.code).toBe(1);
  expect(refused.json()).toMatchObject({
    error: {
      code: 'copy_would_hold',
      holds: expect.arrayContaining([expect.objectContaining({ step: 'hello', variable: 'lead.title' })]),
    },
  });
});

test('status, why and timeline say where things stand; an unknown lead is named', async () => {
  const [status, why, timeline, stranger, launch] = await Promise.all([
    run('status', 'spring', '--json'),
    run('why', 'ada@acme.test'),
    run('timeline', 'ada@acme.test', '--json'),
    run('why', 'nobody@x.test', '--json'),
    run('status', 'autumn'),
  ]);
  expect(status.json()).toMatchObject({ enrollments: { pending: 2 }, launch: { name: 'spring' } });
  expect(why.stdout).toContain('Ada has not started on short.');
  expect(timeline.json()).toMatchObject({ timeZone: 'Europe/Berlin', entries: [] });
  expect(stranger.code).toBe(2);
  expect(stranger.json()).toMatchObject({
    error: { code: 'not_found', message: expect.stringContaining('nobody@x.test') },
  });
  expect(launch).toMatchObject({
    code: 2,
    stderr: 'There is no launch called "autumn". "cadenza status" shows them all.\n',
  });
});

test('promise 3: pause and stop are in force when they return, and name what is already being sent', async () => {
  const version = await makeVersion(db, { plan: makePlan([touchNode('hello')]) });
  const { id: launchId } = await makeLaunch(db, { versionId: version.id });
  const sender = await makeSender(db);
  const lead = await makeLead(db, { email: 'dee@acme.test', firstName: 'Dee', lastName: '\u001b[2JLee' });
  const enrollment = await makeEnrollment(db, { launchId, leadId: lead.id });
  const touch = await bookNow(db, {
    enrollmentId: enrollment.id,
    leadId: lead.id,
    launchId,
    companyId: null,
    senderId: sender.id,
  });
  await db.query(
    `update touches set state = 'sending', sending_at = now(), lease_until = now() + interval '1 hour' where id = $1`,
    [touch.touchId],
  );
  const paused = await run('pause', 'lead', 'dee@acme.test', '--reason', 'asked to wait');
  expect(paused).toMatchObject({ code: 0, stderr: '' });
  expect(paused.stdout).toContain('Paused: Dee Lee.');
  expect(paused.stdout).not.toContain('\u001b');
  expect(paused.stdout).toContain(`touch ${touch.touchId}`);
  const [again, busy] = await Promise.all([
    run('pause', 'lead', 'dee@acme.test', '--json'),
    run('skip', 'dee@acme.test', '--json'),
  ]);
  expect(again.json()).toMatchObject({ already: true, reason: 'asked to wait' });
  expect(busy.code).toBe(1);
  expect(busy.json()).toMatchObject({ error: { code: 'being_sent' } });
  const stopped = await run('stop', 'sender', sender.address, '--json');
  expect(stopped.json()).toMatchObject({ stopped: 0, sending: [{ touchId: touch.touchId }] });
  expect((await run('stop', 'lead', 'dee@acme.test', '--json')).json()).toMatchObject({
    stopped: 1,
    sending: [{ touchId: touch.touchId }],
  });
  await db.query(`update touches set state = 'unconfirmed', lease_until = null where id = $1`, [
    touch.touchId,
  ]);
});

test('an unconfirmed touch is listed and settled by a person, once', async () => {
  const list = await run('touches', 'list', '--unconfirmed', '--json');
  const { touches } = list.json() as { touches: { id: string }[] };
  expect(touches).toHaveLength(1);
  const id = touches[0]!.id;
  const [vague, settled] = await Promise.all([
    run('touches', 'settle', id),
    run('touches', 'settle', id.slice(0, 8), '--sent', '--json'),
  ]);
  expect(vague).toMatchObject({ code: 2, stderr: 'Say what you found: --sent or --not-sent.\n' });
  expect(settled.json()).toMatchObject({ touchId: id, sent: true });
  const again = await run('touches', 'settle', id, '--not-sent', '--json');
  expect(again.code).toBe(1);
  expect(again.json()).toMatchObject({ error: { code: 'not_unconfirmed' } });
});

test('tasks are listed, shown with their outcomes, and done once', async () => {
  const version = await makeVersion(db, { plan: makePlan([touchNode('ring', 'call')]) });
  const { id: launchId } = await makeLaunch(db, { versionId: version.id });
  const sender = await makeSender(db, { channel: 'call' });
  const lead = await makeLead(db, { email: 'eve@acme.test' });
  const enrollment = await makeEnrollment(db, { launchId, leadId: lead.id });
  const { touchId } = await bookNow(db, {
    enrollmentId: enrollment.id,
    leadId: lead.id,
    launchId,
    companyId: null,
    senderId: sender.id,
  });
  await db.query(`update touches set state = 'task', channel = 'call', action = 'call' where id = $1`, [
    touchId,
  ]);
  await db.query(
    `insert into tasks (enrollment_id, lead_id, touch_id, kind, title, body, due_at, created_at)
     values ($1, $2, $3, 'call', 'Ring Eve', 'Ask first.', now(), now())`,
    [enrollment.id, lead.id, touchId],
  );
  const list = await run('tasks', 'list', '--lead', 'eve@acme.test', '--json');
  const { tasks } = list.json() as { tasks: { id: string; title: string }[] };
  expect(tasks).toMatchObject([{ title: 'Ring Eve', kind: 'call', state: 'open' }]);
  const id = tasks[0]!.id.slice(0, 8);
  const [shown, bad] = await Promise.all([
    run('tasks', 'show', id),
    run('tasks', 'done', id, '--outcome', 'sang', '--json'),
  ]);
  expect(shown.stdout).toContain('Outcomes: connected, voicemail, no_answer, wrong_number');
  expect(bad.code).toBe(2);
  expect(bad.json()).toMatchObject({ error: { code: 'bad_outcome' } });
  const done = await run('tasks', 'done', id, '--outcome', 'No answer', '--note', 'engaged', '--json');
  expect(done.json()).toMatchObject({ task: { state: 'done', outcome: 'no_answer', note: 'engaged' } });
  expect((await run('tasks', 'done', id, '--outcome', 'connected')).code).toBe(1);
});

test('event by hand has its effect at once; a wrong one is refused', async () => {
  const [danced, replied] = await Promise.all([
    run('event', 'cy@other.test', 'danced'),
    run('event', 'cy@other.test', 'replied', '--channel', 'email', '--key', 'mail-1', '--json'),
  ]);
  expect(danced).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('event danced: it is one of replied, accepted'),
  });
  expect(replied.json()).toMatchObject({
    type: 'replied',
    stopped: [expect.objectContaining({ leadId: expect.any(String) })],
  });
  const again = await run('event', 'cy@other.test', 'replied', '--key', 'mail-1');
  expect(again).toMatchObject({ code: 0, stdout: 'That was known already; nothing changed.\n' });
});

test('preview --send-to sends the emails to that address, marked, and records no touch', async () => {
  write('short.yaml', sequence('Good day {{ lead.first_name }}'));
  const before = await db.query('select count(*) from touches');
  const sent = await run(
    'preview',
    'short.yaml',
    '--lead',
    'ada@acme.test',
    '--send-to',
    'me@example.com',
    '--sender',
    'rosa@example.com',
    '--json',
  );
  expect(sent.code).toBe(0);
  expect(sent.json()).toMatchObject({
    sent: [
      { stepId: 'hello', sent: true },
      { stepId: 'again', sent: true },
    ],
  });
  const received = sandbox.received().filter(({ to }) => to === 'me@example.com');
  expect(received.map(({ subject }) => subject)).toEqual(['[Preview] Hi', '[Preview] Again']);
  expect(received[0]!.text).toContain('Nothing was sent to them.');
  expect(sandbox.received().some(({ to }) => to === 'ada@acme.test')).toBe(false);
  expect((await db.query('select count(*) from touches')).rows).toEqual(before.rows);
});

test('webhooks: private addresses and unknown types are refused, the secret is shown once', async () => {
  const [local, type, added] = await Promise.all([
    run('webhooks', 'add', 'https://127.0.0.1/hook'),
    run('webhooks', 'add', 'https://crm.example.com/hook', '--type', 'touch.sned'),
    run('webhooks', 'add', 'https://crm.example.com/hook', '--json'),
  ]);
  expect(local).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('CADENZA_ALLOW_PRIVATE_ENDPOINTS'),
  });
  expect(type).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('There is no callback type "touch.sned"'),
  });
  const { id, secret } = added.json() as { id: string; secret: string };
  expect(secret).toMatch(/^whsec_/);
  const [list, log, removed] = await Promise.all([
    run('webhooks', 'list', '--json'),
    run('webhooks', 'log', 'ffffffff'),
    run('webhooks', 'disable', id.slice(0, 8), '--json'),
  ]);
  expect(list.stdout).not.toContain(secret);
  expect(log).toMatchObject({ code: 2, stderr: 'There is no endpoint with the id ffffffff.\n' });
  expect(removed.json()).toEqual({ id, done: 'disable' });
});

test('promise 8: erasing asks first, and nothing of the lead is found afterwards', async () => {
  const asked = await run('leads', 'erase', 'bob@acme.test');
  expect(asked).toMatchObject({
    code: 2,
    stderr: 'Erasing cannot be undone: add --yes where nobody can be asked.\n',
  });
  expect((await run('leads', 'show', 'bob@acme.test', '--json')).json()).toMatchObject({
    lead: { firstName: 'Bob' },
  });
  expect((await run('leads', 'erase', 'bob@acme.test', '--yes')).code).toBe(0);
  const { rows } = await db.query(`select 1 from leads where leads::text ilike '%bob%'`);
  expect(rows).toEqual([]);
  const again = await run('import', 'leads.csv', '--json');
  expect(again.json()).toMatchObject({ created: 0, rejected: { suppressed: 1, no_identity: 1 } });
});

test('an import that fails as a whole leaves nothing behind', async () => {
  write('torn.csv', `email\nzed@torn.test\n"never closed\n`);
  const torn = await run('import', 'torn.csv', '--json');
  expect(torn.code).toBe(2);
  expect(torn.json()).toMatchObject({ error: { code: 'bad_csv', line: expect.any(Number) } });
  expect((await db.query(`select 1 from leads where 'zed@torn.test' = any(emails)`)).rows).toEqual([]);
  expect(existsSync(join(folder, 'torn.rejects.csv'))).toBe(false);
  expect(existsSync(join(folder, 'torn.rejects.csv.part'))).toBe(false);
  expect(existsSync(resolve('torn.rejects.csv'))).toBe(false);
});

/** Over HTTP the terminal tells how things stand, steers leads, settles touches, keeps sources and launches on events, as beside the database. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SCOPES } from '../../api/v1/access/principal.ts';
import { addApiKey } from '../../db/access/api-keys.ts';
import { addUser, type Role } from '../../db/access/users.ts';
import { BEN, ROSA, tellStory, type Story } from '../support/analytics-story.ts';
import { makeCompany, makeLead, makeSender } from '../support/factories.ts';
import { startApi, type TestApi } from '../api/v1/support.ts';
import { besideDatabase, cadenza, makeFolder, type Run } from './support.ts';

// Each command is a process of its own; the machine may be busy.
jest.setTimeout(180_000);

const PUBLIC_URL = 'https://cadenza.example.com';
const MARCH = ['--from', '2026-03-01', '--to', '2026-03-31', '--time-zone', 'Europe/Berlin'];

let api: TestApi;
let story: Story;
let folder: ReturnType<typeof makeFolder>;
const keys: Partial<Record<Role, string>> = {};
beforeAll(async () => {
  folder = makeFolder();
  api = await startApi({
    config: { publicUrl: PUBLIC_URL, allowPrivateEndpoints: true, rawMailDays: 30, oidc: null },
  });
  story = await tellStory(api.db);
  await api.clock.refresh();
  for (const [role, email] of [
    ['admin', ROSA],
    ['rep', BEN],
  ] as const) {
    const { id: userId } = await addUser(api.db, { email, name: role, role });
    const key = { userId, name: 'terminal', scopes: SCOPES, expiresAt: null };
    keys[role] = (await addApiKey(api.db, key)).secret;
  }
});
afterAll(async () => {
  await api?.close();
  folder?.remove();
});

const run = (args: readonly string[], role: Role = 'admin'): Promise<Run> =>
  cadenza(args, { cwd: folder.path, env: { CADENZA_URL: api.url, CADENZA_KEY: keys[role]! } });
const beside = (args: readonly string[]): Promise<Run> =>
  cadenza(args, { cwd: folder.path, env: besideDatabase(api.databaseUrl) });
const rows = async (sql: string, values: readonly unknown[] = []) => (await api.db.query(sql, values)).rows;

/** A lead who is under way in the story's launch and waits. */
async function underWay(options: Parameters<typeof makeLead>[1]) {
  const lead = await makeLead(api.db, options);
  const [enrollment] = await rows(
    `insert into enrollments (launch_id, lead_id, version_id, created_at, status, started_at, next_action, next_at)
     select l.id, $2, l.version_id, business_now(), 'running', business_now(), 'sleep', business_now() + interval '1 day'
     from launches l where l.id = $1 returning id`,
    [story.launchId, lead.id],
  );
  return { ...lead, enrollmentId: enrollment!.id as string };
}

test('what is read over HTTP is, with --json, what is read beside the database', async () => {
  const [launch] = await rows('select name from launches');
  await underWay({ firstName: 'Next', email: 'next@lead.example' });
  await rows(`insert into launch_exclusions (launch_id, reason, count) values ($1, 'invalid', 2)`, [
    story.launchId,
  ]);
  await rows(
    `insert into pauses (scope, scope_id, reason, at) values ('lead', $1, 'asked', business_now())`,
    [story.leads.di],
  );
  await rows(`update touches set state = 'unconfirmed' where lead_id = $1`, [story.leads.bo]);
  await rows(`insert into event_sources (name, secrets) values ('shop', '[]')`);
  await rows(
    `insert into inbound (source, kind, dedupe_key, payload, state, received_at)
     select 'events', 'order.placed', 'x:shop:' || n, '{}', 'done', business_now() from generate_series(1, 3) n`,
  );
  const csv = join(folder.path, 'some.csv');
  await writeFile(csv, 'Email,Country\nsome@list.example,PT\nnobody,\n');
  await makeSender(api.db, { address: 'out@acme.test' });
  const file = join(folder.path, 'hello.yaml');
  await writeFile(file, 'name: hello\nsteps:\n  - email: { subject: Hi, body: There. }\n');
  expect(await run(['publish', file])).toMatchObject({ code: 0 });
  for (const command of [
    ['analytics', 'summary', '--by', 'step', '--channel', 'email', ...MARCH],
    ['analytics', 'attribution', '--model', 'first', ...MARCH],
    ['analytics', 'forecast', '--minimum-cases', '5'],
    ['status'],
    ['status', (launch as { name: string }).name],
    ['touches', 'list', '--limit', '3'],
    ['touches', 'list', '--unconfirmed', '--lead', story.leads.bo],
    ['sources', 'list'],
    ['sources', 'events', 'shop', '--limit', '2'],
    ['launch', file, '--leads', csv, '--dry-run'],
    ['launch', '--to', (launch as { name: string }).name, '--segment', 'lead.country == "XX"', '--dry-run'],
  ]) {
    // The first one counts what the other one reads.
    const here = await beside([...command, '--json']);
    const there = await run([...command, '--json']);
    expect([command, there.code, here.code]).toEqual([command, 0, 0]);
    expect([command, there.json()]).toEqual([command, here.json()]);
  }
  const status = await run(['status']);
  expect(status.stdout).toContain('6 leads: 0 waiting to start, 1 under way');
  expect(status.stdout).toContain('A lead is paused since');
  expect((await rows(`select from leads where 'some@list.example' = any(emails)`)).length).toBe(0);
});

test('a rep gets what a rep sees', async () => {
  const status = await run(['status', '--json'], 'rep');
  expect([status.code, status.json()]).toMatchObject([0, { enrollments: { running: 0, stopped: 2 } }]);
  const touches = await run(['touches', 'list', '--unconfirmed'], 'rep');
  expect(touches).toMatchObject({ code: 0, stdout: 'No touches.\n' });
  const sources = await run(['sources', 'list'], 'rep');
  expect([sources.code, sources.stderr]).toEqual([1, expect.stringContaining('This needs the role admin')]);
});

test('what comes next is moved, by the lead’s own time', async () => {
  const { email, enrollmentId } = await underWay({ email: 'move@lead.example', timeZone: 'Asia/Tokyo' });
  const moved = await run(['reschedule', email!, '2026-04-02 09:00', '--json']);
  expect([moved.code, moved.json()]).toMatchObject([
    0,
    { lead: { email }, to: '2026-04-02T00:00:00.000Z', timeZone: 'Asia/Tokyo' },
  ]);
  const later = await run(['reschedule', email!, '+3d']);
  expect(later.stdout).toContain('is not before Fri 2026-04-03 21:00 Asia/Tokyo');
  expect(
    (await rows(`select event->>'type' as type from inbox where enrollment_id = $1`, [enrollmentId])).map(
      ({ type }) => type as string,
    ),
  ).toEqual(['reschedule', 'reschedule']);
  const wrong = await run(['reschedule', email!, 'tomorrow']);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('"tomorrow" is no time')]);
  const ended = await run(['reschedule', story.leads.ada, '+1d']);
  expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining('in no sequence now')]);
});

test('an unconfirmed touch is settled by the beginning of its id', async () => {
  const [touch] = await rows(`select id from touches where state = 'unconfirmed'`);
  const id = (touch as { id: string }).id;
  const anothers = await run(['touches', 'settle', id, '--sent'], 'rep');
  expect(anothers).toMatchObject({ code: 2 });
  const settled = await run(['touches', 'settle', id.slice(0, 8), '--not-sent', '--json']);
  expect([settled.code, settled.json()]).toEqual([0, { touchId: id, leadId: story.leads.bo, sent: false }]);
  expect(await rows('select state, reason from touches where id = $1', [id])).toEqual([
    { state: 'failed', reason: 'settled_not_sent' },
  ]);
  const again = await run(['touches', 'settle', id.slice(0, 8), '--sent']);
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('unconfirmed')]);
});

test('a company is paused by its domain', async () => {
  const { id } = await makeCompany(api.db, { domain: 'big.example' });
  await makeCompany(api.db, { domain: 'small.example' });
  await makeLead(api.db, { companyId: id, owner: ROSA });
  const paused = await run(['pause', 'company', 'Big.example', '--json']);
  expect([paused.code, paused.json()]).toMatchObject([
    0,
    { target: { scope: 'company', scopeId: id, name: 'Acme' }, already: false },
  ]);
  expect(await rows(`select scope from pauses where scope_id = $1 and ended_at is null`, [id])).toHaveLength(
    1,
  );
  const which = await run(['resume', 'company', 'acme']);
  expect([which.code, which.stderr]).toEqual([2, expect.stringContaining(`Acme small.example`)]);
  const unseen = await run(['resume', 'company', 'big.example'], 'rep');
  expect([unseen.code, unseen.stderr]).toEqual([2, expect.stringContaining('No company that you may see')]);
});

test('a source is added, a launch stands open for its events, and an event told by hand enrolls and stops', async () => {
  const added = await run(['sources', 'add', 'web-shop', '--json']);
  expect([added.code, added.json()]).toMatchObject([
    0,
    {
      name: 'web-shop',
      url: `${PUBLIC_URL}/hooks/events/web-shop`,
      secret: expect.stringMatching(/^whsec_/),
    },
  ]);
  const rotated = await run(['sources', 'rotate', 'web-shop', '--json']);
  expect(rotated.json()).toMatchObject({ name: 'web-shop', secret: expect.stringMatching(/^whsec_/) });
  expect((await run(['sources', 'list'])).stdout).toMatch(/web-shop\s+\S+\s+2/);
  expect(await run(['sources', 'remove', 'web-shop'])).toMatchObject({ code: 0 });
  expect(await run(['sources', 'remove', 'web-shop'])).toMatchObject({ code: 2 });

  const file = join(folder.path, 'cart.yaml');
  await writeFile(
    file,
    'name: cart\nenroll_on: [{ event: cart.abandoned }]\nsteps:\n  - email: { subject: Cart, body: There. }\n',
  );
  expect(await run(['publish', file])).toMatchObject({ code: 0 });
  const refused = await run(['launch', file, '--on-events'], 'rep');
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('who sees all leads')]);
  const opened = await run(['launch', file, '--on-events', '--json']);
  const { launchId } = opened.json() as { launchId: string };
  expect([opened.code, opened.json()]).toMatchObject([0, { name: 'cart: events', report: { enrolled: 0 } }]);
  expect(await rows('select on_events from launches where id = $1', [launchId])).toEqual([
    { on_events: true },
  ]);

  const event = [
    'event',
    story.leads.cy,
    'cart.abandoned',
    '--at',
    '2026-03-31 13:00',
    '--key',
    'a',
    '--json',
  ];
  const told = await run(event);
  expect([told.code, told.json()]).toMatchObject([
    0,
    { lead: { id: story.leads.cy }, stopped: [], enrolled: [{ launchId, refused: null }] },
  ]);
  const [stored] = await rows(`select at from lead_events where type = 'cart.abandoned'`);
  expect((stored as { at: Date }).at.toISOString()).toBe('2026-03-31T11:00:00.000Z');
  expect((await run(event)).json()).toMatchObject({ eventId: null, enrolled: [] });
  const replied = await run(['event', story.leads.cy, 'meeting-booked', '--note', 'Ten', '--json'], 'rep');
  expect([replied.code, replied.json()]).toMatchObject([
    0,
    { type: 'meeting_booked', stopped: [{ leadId: story.leads.cy }] },
  ]);
  const anothers = await run(['event', story.leads.ada, 'replied'], 'rep');
  expect(anothers).toMatchObject({ code: 2 });
});

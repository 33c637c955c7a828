import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { newcombe, wilson } from '../../../api/operations/intervals.ts';
import { makeEnrollment, makeLaunch, makeLead } from '../../support/factories.ts';
import { startApi, type Client, type TestApi } from './support.ts';

let api: TestApi;
let admin: Client;
beforeAll(async () => {
  api = await startApi();
  admin = await api.signedIn();
});
afterAll(() => api.close());

const RECRUITMENT = readFileSync('sequences/library/recruitment.yaml', 'utf8');
const simple = (name: string, body = 'Hello {{ lead.first_name }}', more = '') => `name: ${name}
steps:
  - id: hello
    email:
      subject: First
      body: '${body}'
  - wait: 2 days
  - id: again
    email: { subject: Second, body: Again }
${more}`;
const publish = (name: string, source: string, client = admin) =>
  client.post(`/sequences/${name}/publication`, { source });

test('a definition is published, listed and read with its picture: waits stand at the ways, arms have their shares', async () => {
  expect(await publish('recruitment', RECRUITMENT)).toMatchObject({
    status: 200,
    body: { outcome: 'new_version', revision: 1 },
  });
  const { body: list } = await admin.get('/sequences?search=recruit');
  expect(list.items).toMatchObject([{ name: 'recruitment', running: 0, answeredRate: null, versions: 1 }]);
  const read = await admin.get('/sequences/recruitment');
  expect(read).toMatchObject({ status: 200, body: { source: RECRUITMENT, revision: 1 } });
  const { nodes, edges } = read.body.graph;
  expect(nodes.some((node: { kind: string }) => node.kind === 'wait')).toBe(false);
  expect(edges).toContainEqual(
    expect.objectContaining({ from: 'look', to: 'connect', waits: [{ unit: 'days', amount: 1 }] }),
  );
  expect(edges).toContainEqual(
    expect.objectContaining({ from: 'facts', to: 'facts-pay', kind: 'arm', name: 'pay-first', share: 0.5 }),
  );
  expect(await admin.get('/sequences/nothing')).toMatchObject({ status: 404 });
  expect((await admin.get('/sequence-schema')).body).toHaveProperty('properties');
});

test('mistakes come with line and column, as an answer and not as an error; files of the server are not read', async () => {
  const check = async (source: string) => (await admin.post('/sequence-validation', { source })).body;
  expect(
    (await check('name: x\nsteps:\n  - id: hello\n    emial: { subject: a, body: b }\n')).problems,
  ).toContainEqual(expect.objectContaining({ line: 4, column: 5, hint: expect.stringContaining('email') }));
  expect((await check('name: x\nsteps: [')).problems[0]).toMatchObject({ line: 2 });
  expect((await check(simple('x'))).problems).toEqual([]);
  const reading = simple('x').replace('subject: First', 'subject: First\n      attachments: [package.json]');
  expect((await check(reading)).problems).toMatchObject([
    { message: expect.stringContaining('package.json') },
  ]);
  expect(await publish('x', 'name: x\nsteps: [')).toMatchObject({
    status: 422,
    body: { code: 'bad_sequence' },
  });
  expect(await publish('other', simple('x'))).toMatchObject({ status: 422, body: { code: 'other_name' } });
});

test('drafts keep what is unfinished, notice what somebody else changed, and go when they are published', async () => {
  const put = (source: string, match: string) =>
    admin.call('PUT', '/sequences/mine/draft', { source }, { 'if-match': match });
  const first = await put('name: [', '"0"');
  expect(first).toMatchObject({ status: 200, body: { version: 1, changedBy: 'Rosa Lind' } });
  const tag = first.headers.get('etag')!;
  expect((await admin.get('/sequences/mine/draft')).headers.get('etag')).toBe(tag);
  expect(await put('again', '"0"')).toMatchObject({ status: 412, body: { code: 'changed_meanwhile' } });
  expect(await put(simple('mine'), tag)).toMatchObject({ status: 200, body: { version: 2 } });
  expect(await put('late', tag)).toMatchObject({ status: 412 });
  expect(await admin.call('DELETE', '/sequences/mine/draft', undefined, { 'if-match': tag })).toMatchObject({
    status: 412,
  });
  expect((await admin.get('/sequence-drafts')).body.items).toMatchObject([{ name: 'mine', version: 2 }]);
  expect(await publish('mine', simple('mine'))).toMatchObject({ status: 200 });
  expect(await admin.get('/sequences/mine/draft')).toMatchObject({ status: 404 });
  // One that was begun anew counts from 1 again and is another one all the same.
  expect(await put('anew', '"0"')).toMatchObject({ status: 200, body: { version: 1 } });
  expect(await put('late', tag)).toMatchObject({ status: 412 });
  const rep = await api.signedIn({ role: 'rep' });
  expect(await publish('mine', simple('mine'), rep)).toMatchObject({ status: 403 });
  expect(await rep.get('/sequences/mine')).toMatchObject({ status: 200 });
});

test('the difference and the plan of a publication say what changes, and for how many leads; nothing is published by asking', async () => {
  const { body: first } = await publish('plan', simple('plan'));
  const launch = await makeLaunch(api.db, { versionId: first.versionId });
  for (const firstName of ['Ada', null]) {
    const lead = await makeLead(api.db, { firstName });
    await makeEnrollment(api.db, { launchId: launch.id, leadId: lead.id, status: 'pending' });
  }
  const plan = async (source: string) =>
    (await admin.post('/sequences/plan/publication-plan', { source })).body;
  expect(await plan(simple('plan', 'Good day'))).toMatchObject({
    outcome: 'new_copy',
    running: 2,
    affected: 2,
    difference: { structureChanged: false, steps: [{ step: 'hello', change: 'text' }] },
  });
  expect(await plan(simple('plan', 'Hi {{ lead.title }}'))).toMatchObject({
    outcome: 'would_hold',
    holds: [{ step: 'hello', variable: 'lead.title', leads: 2 }],
  });
  const longer = simple('plan', 'Good day', '  - id: bye\n    email: { subject: Third, body: Bye }\n');
  expect(await plan(longer)).toMatchObject({ outcome: 'new_version', running: 2, affected: 0 });
  const versions = async () => (await admin.get('/sequences/plan/versions')).body.items;
  expect(await versions()).toMatchObject([{ number: 1, running: 2, begun: false }]);
  await publish('plan', longer);
  await api.db.query(`update enrollments set engine = '{}' where launch_id = $1`, [launch.id]);
  expect(await versions()).toMatchObject([
    { number: 2, running: 0, begun: false },
    { number: 1, running: 2, begun: true },
  ]);
  const { body } = await admin.get(`/sequences/plan/difference?from=${first.versionId}`);
  expect(body.steps).toEqual([
    { step: 'hello', change: 'text' },
    { step: 'again', change: 'changed' },
    { step: 'bye', change: 'added' },
  ]);
  expect(body.lines).toContainEqual({ kind: 'added', text: '  - id: bye', before: null, after: 10 });
});

test('numbers count each lead once a step; an answer belongs to the touch before it; a rep sees its own', async () => {
  await publish('recruitment', RECRUITMENT);
  const { versionId } = (await admin.get('/sequences?search=recruitment')).body.items[0];
  const launch = await makeLaunch(api.db, { versionId });
  for (let n = 0; n < 4; n++) {
    const lead = await makeLead(api.db, { owner: n === 0 ? 'mira' : 'otto' });
    const { id } = await makeEnrollment(api.db, {
      launchId: launch.id,
      leadId: lead.id,
      status: n < 2 ? 'stopped' : 'running',
    });
    const step = n % 2 === 0 ? 'facts-pay' : 'facts-work';
    await api.db.query('update enrollments set engine = $2 where id = $1', [id, { state: { step } }]);
    await api.db.query(
      `insert into decisions (enrollment_id, lead_id, at, step_id, kind, reason) values ($1, $2, '2026-03-10T09:00Z', 'facts', 'arm', $3)`,
      [id, lead.id, n % 2 === 0 ? 'pay-first' : 'work-first'],
    );
    const touch = (attempt: number, state: string) =>
      api.db.query(
        `insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, state, slot_at, local_day, at)
         values ($1, $2, $3, 0, $4, 'email', 'email', $5, '2026-03-10T10:00Z', '2026-03-10', '2026-03-10T10:00Z')`,
        [id, lead.id, step, attempt, state],
      );
    await touch(1, 'failed');
    await touch(2, 'sent');
    if (n < 2)
      await api.db.query(
        `insert into lead_events (lead_id, enrollment_id, type, at) values ($1, $2, 'replied', '2026-03-11T09:00Z')`,
        [lead.id, id],
      );
  }
  const numbers = async (client: Client) => (await client.get('/sequences/recruitment/numbers')).body;
  const all = await numbers(admin);
  expect(all.steps).toEqual([
    { step: 'facts', reached: 4, waiting: 0, sent: 0, answered: 0, left: 0, skipped: 0, failed: 0 },
    { step: 'facts-pay', reached: 2, waiting: 1, sent: 2, answered: 1, left: 1, skipped: 0, failed: 0 },
    { step: 'facts-work', reached: 2, waiting: 1, sent: 2, answered: 1, left: 1, skipped: 0, failed: 0 },
  ]);
  const mira = await api.signedIn({ role: 'rep', name: 'Mira' });
  expect((await numbers(mira)).steps).toMatchObject([
    { step: 'facts', reached: 1 },
    { step: 'facts-pay', sent: 1 },
  ]);
  expect((await mira.get('/sequences?search=recruitment')).body.items).toMatchObject([{ answered: 1 }]);
});

test('intervals are those of the literature', () => {
  // Newcombe 1998: 56 of 70 against 48 of 80.
  const difference = newcombe([48, 80], [56, 70])!;
  expect(difference.low).toBeCloseTo(0.0524, 4);
  expect(difference.high).toBeCloseTo(0.3339, 4);
  // Newcombe 1998: 81 of 263.
  expect(wilson(81, 263)!.low).toBeCloseTo(0.2553, 4);
  expect(wilson(81, 263)!.high).toBeCloseTo(0.3662, 4);
  expect(wilson(0, 0)).toBeNull();
});

test('a month is simulated by day, and messages are shown for an example or a lead; another rep’s lead is not there', async () => {
  await publish('trial', simple('trial'));
  const month = await admin.post('/sequences/trial/simulation', {
    leads: 5,
    start: '2026-03-10T09:00:00Z',
    events: ['lead-1@example.com replied +1d'],
  });
  expect(month).toMatchObject({
    status: 200,
    body: {
      days: [
        { day: '2026-03-10', total: 5 },
        { day: '2026-03-12', total: 4 },
      ],
    },
  });
  // Whoever has to call does, so that what comes after it is seen, unless the request says otherwise.
  const source =
    'name: trial\nsteps:\n  - id: ring\n    call: { script: Ask }\n  - wait: 1 day\n  - id: look\n    linkedin: { action: visit }\n';
  const steps = async (events: string[]) =>
    (
      await admin.post('/sequences/trial/simulation', {
        source,
        leads: 1,
        start: '2026-03-10T09:00:00Z',
        events,
      })
    ).body.days.flatMap(({ touches }: { touches: { step: string }[] }) => touches.map(({ step }) => step));
  expect(await steps([])).toEqual(['ring', 'look']);
  expect(await steps(['* ring=not_interested +1h'])).toEqual(['ring']);
  const simulate = (body: object) => admin.post('/sequences/trial/simulation', body);
  expect(await simulate({ events: ['what'] })).toMatchObject({ status: 422, body: { code: 'bad_event' } });
  expect(await simulate({ timeZone: 'Mars/X' })).toMatchObject({
    status: 422,
    body: { code: 'unknown_time_zone' },
  });
  const look = (client: Client, lead?: string) =>
    client.post('/sequences/trial/preview', lead ? { lead } : {});
  expect((await look(admin)).body.items).toMatchObject([
    {
      step: 'hello',
      rendered: {
        subject: 'First',
        text: expect.stringContaining('Hello Ada'),
        html: expect.any(String),
      },
    },
    { step: 'again' },
  ]);
  const lead = await makeLead(api.db, { firstName: 'Zoe', owner: 'otto' });
  expect((await look(admin, lead.id)).body.items[0].rendered.text).toContain('Hello Zoe');
  const rep = await api.signedIn({ role: 'rep', name: 'Nobody' });
  expect(await look(rep, lead.id)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  expect((await rep.get('/sequences/trial/preview-leads')).body.items).toEqual([]);
});

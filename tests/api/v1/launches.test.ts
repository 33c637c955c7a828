import { countSegment } from '../../../api/operations/count-segment.ts';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { get } from 'node:http';
import {
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeSender,
  makeVersion,
  setTime,
  touchNode,
  TUESDAY,
} from '../../support/factories.ts';
import { identityHash } from '../../support/enrollment-host.ts';
import { pacing, startPending } from '../../../db/pacing.ts';
import { publish } from '../../../db/sequences.ts';
import { parseSequence } from '../../../sequences/language/index.ts';
import { startApi, type Client, type TestApi } from './support.ts';

let api: TestApi;
let admin: Client;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  await api.db.query(
    'truncate leads, companies, suppressions, senders, sequence_versions, pauses, users cascade',
  );
  await setTime(api.db, TUESDAY);
  await api.clock.refresh();
  admin = await api.signedIn();
});

const hello = () =>
  makeVersion(api.db, {
    plan: makePlan([
      touchNode('hello'),
      { id: 'pause', kind: 'wait', wait: { unit: 'days', amount: 2 }, next: null },
      touchNode('again'),
    ]),
  });
const leads = async (count: number, options: Parameters<typeof makeLead>[1] = {}) => {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) ids.push((await makeLead(api.db, options)).id);
  return ids;
};

test('a dry run says what the launch then does: who is left out by name, when the last one is reached, the senders’ days', async () => {
  const version = await hello();
  await makeSender(api.db, { caps: { email: { day: 5 } } });
  const fine = await leads(12);
  await makeLead(api.db, { email: 'no@acme.test', firstName: 'Nora', lastName: 'No' });
  await api.db.query(
    `insert into suppressions (identity_hash, kind, channel, reason, at) values ($1, 'email', null, 'test', business_now())`,
    [identityHash('email', 'no@acme.test')],
  );
  await makeLead(api.db, { email: null, externalId: 'x', firstName: 'Uma', lastName: null });
  const body = { versionId: version.id, audience: { where: 'true' }, timeZone: 'Europe/Berlin' };
  const tried = await admin.post('/launches', { ...body, dryRun: true });
  expect(tried).toMatchObject({ status: 200, body: { dryRun: true, launchId: null, enrolled: 12 } });
  expect(tried.body.excluded).toEqual([
    expect.objectContaining({
      reason: 'suppressed',
      count: 1,
      leads: [expect.objectContaining({ name: 'Nora No' })],
    }),
    expect.objectContaining({
      reason: 'no_reachable_channel',
      count: 1,
      leads: [expect.objectContaining({ name: 'Uma' })],
    }),
  ]);
  const { forecast } = tried.body;
  expect(forecast).toMatchObject({ simulated: 12, estimated: false, held: [] });
  const [{ days }] = forecast.senders;
  expect(days).toHaveLength(30);
  expect(
    days.every(
      (day: { booked: number; planned: number; cap: number }) => day.booked + day.planned <= day.cap,
    ),
  ).toBe(true);
  expect(days.reduce((sum: number, day: { planned: number }) => sum + day.planned, 0)).toBe(24);
  // Five a day, and follow-ups come first: the twelfth is not reached before the third working day.
  expect(days[0].planned).toBe(5);
  expect(Date.parse(forecast.lastTouchAt)).toBeGreaterThan(TUESDAY + 2 * 86_400_000);
  expect((await api.db.query('select from launches')).rowCount).toBe(0);
  expect((await api.db.query('select from enrollments')).rowCount).toBe(0);
  const audited = async () =>
    (await admin.get('/audit')).body.items.map(({ action }: { action: string }) => action);
  expect(await audited()).toEqual([]);

  const launched = await admin.post('/launches', body);
  expect(launched).toMatchObject({ status: 201, body: { dryRun: false, enrolled: 12, forecast: null } });
  const counted = (list: { reason: string; count: number }[]) =>
    list.map(({ reason, count }) => [reason, count]);
  expect(counted(launched.body.excluded)).toEqual(counted(tried.body.excluded));
  expect(api.woken.at(-1)).toEqual({ launches: [launched.body.launchId] });
  const { launchId } = launched.body;
  expect((await admin.get(`/launches/${launchId}`)).body).toMatchObject({
    counts: { pending: 12, running: 0 },
    createdBy: admin.user.id,
    exclusions: expect.arrayContaining([{ reason: 'suppressed', count: 1 }]),
    waitsFor: null,
  });
  const listed = await admin.get('/launches?limit=1');
  expect(listed.body.items[0]).toMatchObject({ id: launchId, counts: { pending: 12 } });
  const first = await admin.get(`/launches/${launchId}/enrollments?limit=7`);
  const second = await admin.get(`/launches/${launchId}/enrollments?limit=7&cursor=${first.body.next}`);
  const shown = [...first.body.items, ...second.body.items].map(({ leadId }) => leadId);
  expect(new Set(shown)).toEqual(new Set(fine));
  expect(shown).toHaveLength(12);
  expect(first.body.items[0].sentence).toMatch(/waits until its senders have room/);
  expect((await admin.get(`/launches/${launchId}/exclusions`)).body.items).toHaveLength(2);
  const more = await leads(1);
  await admin.post(`/launches/${launchId}/leads`, { audience: { leadIds: more }, dryRun: true });
  expect(await audited()).toEqual(['launches.create']);
  expect(
    (await admin.post(`/launches/${launchId}/leads`, { audience: { leadIds: [...more, fine[0]] } })).body,
  ).toMatchObject({ enrolled: 1, excluded: [{ reason: 'already_active', count: 1 }] });
});

test('a dry run names who would wait for a person', async () => {
  const source = `name: named
steps:
  - id: hello
    email: { subject: Hi, body: 'Hello {{ lead.first_name }}' }
`;
  const { versionId } = await publish(api.db, parseSequence(source, 'named.yaml'));
  await makeSender(api.db);
  const nameless = await makeLead(api.db, { firstName: null, lastName: 'Alvarez' });
  await makeLead(api.db, { firstName: 'Ada' });
  const { body } = await admin.post('/launches', { versionId, audience: { where: 'true' }, dryRun: true });
  expect(body.forecast.held).toEqual([
    {
      reason: 'missing_variable:lead.first_name',
      count: 1,
      leads: [{ leadId: nameless.id, name: 'Alvarez' }],
    },
  ]);
});

test('a launch begins when it is told to', async () => {
  const version = await hello();
  await makeSender(api.db);
  const startsAt = new Date(TUESDAY + 3 * 86_400_000).toISOString();
  const { body } = await admin.post('/launches', {
    versionId: version.id,
    audience: { leadIds: await leads(2) },
    startsAt,
  });
  expect(await pacing(api.db, body.launchId)).toMatchObject({
    reason: 'not_yet',
    lookAt: Date.parse(startsAt),
  });
  expect(await startPending(api.db, body.launchId, 10)).toEqual([]);
  await setTime(api.db, TUESDAY + 4 * 86_400_000);
  expect(await startPending(api.db, body.launchId, 10)).toHaveLength(2);
});

test('a launch cannot begin days ago', async () => {
  const version = await hello();
  await makeSender(api.db);
  const begin = async (ms: number, dryRun = true) =>
    admin.post('/launches', {
      versionId: version.id,
      audience: { leadIds: await leads(1) },
      startsAt: new Date(TUESDAY + ms).toISOString(),
      dryRun,
    });
  for (const dryRun of [true, false])
    expect(await begin(-2 * 86_400_000, dryRun)).toMatchObject({ status: 422, body: { code: 'bad_time' } });
  expect((await begin(-3_600_000)).status).toBe(200);
});

test('reps launch on their own leads by their own senders; another’s lead, sender or launch is not there', async () => {
  const version = await hello();
  const [rosa, tom] = [
    await api.signedIn({ role: 'rep', email: 'rosa@acme.test', name: 'Rosa' }),
    await api.signedIn({ role: 'rep', email: 'tom@acme.test', name: 'Tom' }),
  ];
  const [mine] = await leads(1, { owner: 'rosa@acme.test' });
  const [his] = await leads(1, { owner: 'Tom@acme.test' });
  const toms = await makeSender(api.db, { owner: 'tom@acme.test' });
  const launch = (client: Client, body: object) =>
    client.post('/launches', { versionId: version.id, audience: { leadIds: [mine] }, ...body });
  expect(await launch(rosa, {})).toMatchObject({ status: 422, body: { code: 'no_sender' } });
  await makeSender(api.db, { owner: 'rosa@acme.test' });
  expect((await launch(rosa, { audience: { leadIds: [mine, his] } })).status).toBe(404);
  expect((await launch(rosa, { senderIds: [toms.id] })).status).toBe(404);
  const { body } = await launch(rosa, { audience: { where: 'true' } });
  expect(body).toMatchObject({ enrolled: 1, excluded: [] });
  const path = `/launches/${body.launchId}`;
  expect((await rosa.get(path)).body).toMatchObject({ counts: { pending: 1 } });
  for (const below of ['', '/enrollments', '/exclusions', '/numbers', '/progress'])
    expect((await tom.get(path + below)).status).toBe(404);
  expect((await tom.post(`${path}/leads`, { audience: { leadIds: [his] } })).status).toBe(404);
  expect((await tom.get('/launches')).body.items).toEqual([]);
  expect((await api.anonymous().get('/launches')).status).toBe(401);
  expect((await (await api.withKey({}, ['launches:read'])).post('/launches', {})).status).toBe(403);

  const control = (client: Client, what: string, scope: string, id: string | null) =>
    client.post(`/${what}`, { scope, id });
  for (const what of ['pause', 'resume', 'stop']) {
    expect((await control(tom, what, 'launch', body.launchId)).status).toBe(404);
    expect((await control(tom, what, 'lead', mine!)).status).toBe(404);
    expect((await control(rosa, what, 'sender', toms.id)).status).toBe(404);
    expect((await control(rosa, what, 'all', null)).status).toBe(403);
  }
  expect((await control(rosa, 'pause', 'launch', body.launchId)).status).toBe(200);
  expect((await rosa.get('/pauses')).body.items).toMatchObject([{ scope: 'launch', scopeId: body.launchId }]);
  expect((await tom.get('/pauses')).body.items).toEqual([]);
});

test('a pause answers what may still leave, and a stop closes everybody', async () => {
  const version = await hello();
  const sender = await makeSender(api.db);
  const { body } = await admin.post('/launches', {
    versionId: version.id,
    audience: { leadIds: await leads(3) },
  });
  const [started] = await startPending(api.db, body.launchId, 1);
  await api.db.query(
    `insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, sender_id, state, slot_at, local_day, sending_at, lease_until)
     values ($1, $2, 'hello', 1, 1, 'email', 'email', $3, 'sending', business_now(), '2026-03-10', business_now(), clock_timestamp() + interval '1 minute')`,
    [started!.enrollmentId, started!.leadId, sender.id],
  );
  const paused = await admin.post('/pause', { scope: 'all', id: null, reason: 'new pricing' });
  expect(paused.body).toMatchObject({
    already: false,
    reason: 'new pricing',
    sending: [{ leadId: started!.leadId, stepId: 'hello' }],
  });
  expect((await admin.get(`/launches/${body.launchId}`)).body).toMatchObject({
    paused: 'all',
    waitsFor: 'paused',
  });
  expect((await admin.post('/resume', { scope: 'all', id: null })).body).toMatchObject({ resumed: true });
  expect((await admin.post('/pause', { scope: 'lead' })).status).toBe(422);
  const stopped = await admin.post('/stop', { scope: 'launch', id: body.launchId });
  expect(stopped.body).toMatchObject({ stopped: 3, sending: [{ stepId: 'hello' }] });
  expect((await admin.get(`/launches/${body.launchId}`)).body).toMatchObject({
    status: 'stopped',
    counts: { stopped: 3 },
  });
});

test('progress is told whenever it changed, to everybody who follows, and ends with the server', async () => {
  const version = await hello();
  await makeSender(api.db);
  const { body } = await admin.post('/launches', {
    versionId: version.id,
    audience: { leadIds: await leads(2) },
  });
  const { body: keyed } = await admin.post('/me/api-keys', { name: 'live', scopes: ['launches:read'] });
  const seen: { counts: { pending: number; running: number } }[] = [];
  const request = get(
    `${api.url}/v1/launches/${body.launchId}/progress`,
    { headers: { authorization: `Bearer ${keyed.secret}` } },
    (response) => {
      expect(response.headers['content-type']).toMatch(/^text\/event-stream/);
      response.setEncoding('utf8').on('data', (text: string) => {
        for (const [, data] of text.matchAll(/^data: (.*)$/gm)) seen.push(JSON.parse(data!));
      });
    },
  );
  request.on('error', () => {});
  const until = async (done: () => boolean) => {
    for (let n = 0; n < 100 && !done(); n++) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(done()).toBe(true);
  };
  await until(() => seen.length === 1);
  expect(seen[0]!.counts).toMatchObject({ pending: 2, running: 0 });
  await startPending(api.db, body.launchId, 1);
  await until(() => seen.length === 2);
  expect(seen[1]!.counts).toMatchObject({ pending: 1, running: 1 });
  await new Promise((resolve) => setTimeout(resolve, 1300));
  expect(seen).toHaveLength(2);
  request.destroy();
});

test('a manager’s numbers of a launch and its sequence are of the team’s leads and of those that nobody owns', async () => {
  const version = await hello();
  const launch = await makeLaunch(api.db, { versionId: version.id });
  await api.signedIn({ role: 'rep', email: 'mine@acme.test', team: 'north' });
  for (const owner of ['mine@acme.test', null, null, 'theirs@acme.test']) {
    const { id: leadId } = await makeLead(api.db, { owner });
    await makeEnrollment(api.db, { launchId: launch.id, leadId });
  }
  const counted = async (client: Client) => {
    const { counts } = (await client.get(`/launches/${launch.id}`)).body;
    const { items } = (await client.get('/sequences')).body;
    return [
      Object.values<number>(counts).reduce((a, b) => a + b),
      items[0].running,
      (await client.get(`/launches/${launch.id}/enrollments`)).body.items.length,
    ];
  };
  expect(await counted(await api.signedIn({ role: 'manager', team: 'north' }))).toEqual([3, 3, 3]);
  expect(await counted(admin)).toEqual([4, 4, 4]);
});

test('a condition is counted over the leads that one may launch on, and its mistake said', async () => {
  await leads(3, { owner: 'rosa@acme.test', country: 'DE' });
  await leads(2, { owner: 'tom@acme.test', country: 'DE' });
  await leads(1, { owner: 'rosa@acme.test', country: 'FR' });
  const rosa = await api.signedIn({ role: 'rep', email: 'rosa@acme.test', name: 'Rosa' });
  const count = (client: Client, where: string) =>
    client.get(`/launch-audience?where=${encodeURIComponent(where)}`);
  const inGermany = 'lead.country == "DE"';
  expect((await count(admin, inGermany)).body).toMatchObject({ count: 5, estimate: null, mistake: null });
  expect((await count(rosa, inGermany)).body).toMatchObject({ count: 3 });
  expect((await count(rosa, 'true')).body).toMatchObject({ count: 4 });
  expect((await count(rosa, 'lead.contry == "DE"')).body).toMatchObject({
    count: 0,
    mistake: { offset: expect.any(Number), message: expect.stringContaining('contry') },
  });
});

test('where counting takes too long, how many match is told by those that were looked at', async () => {
  await api.db.query(
    `insert into leads (seed, country, emails) select 'many' || n, case when n % 4 = 0 then 'PT' else 'ES' end, array['many' || n || '@lead.example']
     from generate_series(1, 1500) n`,
  );
  const found = await countSegment(api.db, 'lead.country == "PT"', () => true, AbortSignal.abort());
  if ('message' in found) throw new Error(found.message);
  const { rows } = await api.db.query<{ n: number }>(
    'select count(*) as n from leads where erased_at is null',
  );
  expect(found.estimate).toBe(Math.round((found.count * rows[0]!.n) / 1000));
  expect(Math.abs(found.estimate! - 375)).toBeLessThan(100);
});

test('senders are offered with what they have left today: one’s own, of the channels that the sequence uses', async () => {
  const version = await hello();
  await makeSender(api.db, { channel: 'linkedin', address: 'https://linkedin.com/in/rosa' });
  const mine = await makeSender(api.db, { owner: 'rosa@acme.test', caps: { email: { day: 5, week: 6 } } });
  const toms = await makeSender(api.db, { owner: 'tom@acme.test', caps: { email: { day: 5 } } });
  const launch = await makeLaunch(api.db, { versionId: version.id });
  const { id: leadId } = await makeLead(api.db);
  const { id: enrollmentId } = await makeEnrollment(api.db, { launchId: launch.id, leadId });
  const use = (step: string, ago: number) =>
    api.db.query(
      `insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, sender_id, state, slot_at, local_day, at)
       values ($1, $2, $3, 1, 1, 'email', 'email', $4, 'sent', business_now(),
         (business_now() at time zone (select time_zone from senders where id = $4))::date - $5::int, business_now())`,
      [enrollmentId, leadId, step, mine.id, ago],
    );
  for (const [step, ago] of [['a', 0], ['b', 0], ['c', 1], ['d', 6], ['e', 7]] as const) await use(step, ago); // prettier-ignore
  const path = `/launch-senders?versionId=${version.id}`;
  const rosa = await api.signedIn({ role: 'rep', email: 'rosa@acme.test', name: 'Rosa' });
  expect((await rosa.get(path)).body.items).toMatchObject([
    { id: mine.id, named: true, today: [{ action: 'email', used: 2, cap: 5, free: 2 }] },
  ]);
  const all = (await admin.get(path)).body.items as { id: string }[];
  expect(new Set(all.map(({ id }) => id))).toEqual(new Set([mine.id, toms.id]));
});

test('launches are found by state, sequence and who made them, with who answered and what comes next', async () => {
  const version = await hello();
  const rosa = await api.signedIn({ role: 'manager', name: 'Rosa Pause' });
  const make = async (createdBy: string, rows: readonly string[]) => {
    const { id } = await makeLaunch(api.db, { versionId: version.id });
    await api.db.query('update launches set created_by = $2 where id = $1', [id, createdBy]);
    for (const columns of rows) {
      const { id: leadId } = await makeLead(api.db);
      const enrollment = await makeEnrollment(api.db, { launchId: id, leadId });
      await api.db.query(`update enrollments set ${columns} where id = $1`, [enrollment.id]);
    }
    return id;
  };
  const over = `ended_at = business_now(), next_at = null`;
  const replied = `status = 'stopped', reason = 'replied', ${over}`;
  const soon = `status = 'running', started_at = business_now(), reason = 'waits_for_slot', next_at = business_now() + interval '2 hours'`;
  const active = await make(admin.user.id, [replied, soon, soon.replace('2 hours', '1 hour')]);
  const finished = await make(rosa.user.id, [replied, `status = 'finished', reason = 'completed', ${over}`]);
  const held = await make(rosa.user.id, [`${soon}, held = true`]);
  const stopped = await make(rosa.user.id, [replied]);
  await api.db.query(`update launches set status = 'stopped' where id = $1`, [stopped]);
  const paused = await make(rosa.user.id, [soon]);
  await rosa.post('/pause', { scope: 'launch', id: paused, reason: 'new pricing' });
  expect((await admin.get('/pauses')).body.items).toMatchObject([
    { scopeId: paused, byName: 'Rosa Pause', reason: 'new pricing' },
  ]);
  const found = async (query: string) =>
    ((await admin.get(`/launches?${query}`)).body.items as { id: string }[]).map(({ id }) => id).toSorted();
  expect(await found('status=active')).toEqual([active, held].toSorted());
  expect(await found('status=finished')).toEqual([finished]);
  expect(await found('status=held')).toEqual([held]);
  expect(await found('status=paused')).toEqual([paused]);
  expect(await found('status=stopped')).toEqual([stopped]);
  expect(await found(`status=running&createdBy=${admin.user.id}`)).toEqual([active]);
  expect(await found('sequence=nothing')).toEqual([]);
  const { now } = (await api.db.query<{ now: Date }>('select business_now() as now')).rows[0]!;
  const read = (await admin.get(`/launches/${active}`)).body;
  expect(read).toMatchObject({ answered: 1, version: 1, next: { step: null } });
  expect(Date.parse(read.next.at) - now.getTime()).toBeCloseTo(3_600_000, -5);
  expect((await admin.get('/launches')).body.items).toContainEqual(
    expect.objectContaining({ next: read.next }),
  );
  expect((await admin.get(`/launches/${finished}`)).body).toMatchObject({ answered: 1, next: null });
});

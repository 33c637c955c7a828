import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makeHost, walk } from '../../support/enrollment-host.ts';
import {
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeSender,
  makeVersion,
  setTime,
  SETTINGS,
  touchNode,
  TUESDAY,
} from '../../support/factories.ts';
import { startApi, type Client, type TestApi } from './support.ts';

let api: TestApi;
let admin: Client;
beforeAll(async () => {
  api = await startApi();
  await setTime(api.db, TUESDAY);
  admin = await api.signedIn();
});
afterAll(() => api.close());

const closing = (from: string, to: string) => ({ name: 'Closed', country: null, from, to, kind: 'off' });
const write = (items: unknown[], headers: Record<string, string> = { 'if-match': '*' }) =>
  admin.call('PUT', '/days-off', { items }, headers);

test('the calendars in use are those of the leads’ countries and those that sequences name', async () => {
  const window = (holidays: 'lead' | string[]) => ({ window: { ...SETTINGS.window, holidays } });
  const plan = makePlan([touchNode('hello')]);
  const [byLead, named] = [
    await makeVersion(api.db, { plan, settings: window('lead') }),
    await makeVersion(api.db, { plan, settings: window(['de-by', 'TR']), name: 'named' }),
  ];
  for (const { id: versionId } of [byLead, named]) {
    const launch = await makeLaunch(api.db, { versionId });
    for (const country of ['DE', 'DE', null]) {
      const lead = await makeLead(api.db, { country });
      await makeEnrollment(api.db, { launchId: launch.id, leadId: lead.id });
    }
  }
  expect((await admin.get('/calendars')).body.items).toEqual([
    { place: 'DE', leads: 2, sequences: [] },
    { place: 'DE-BY', leads: 0, sequences: ['named'] },
    { place: 'TR', leads: 0, sequences: ['named'] },
  ]);
});

test('a calendar shows holidays and the company’s days, and unknown places have none', async () => {
  await write([closing('2026-12-28', '2026-12-31')]);
  const { body } = await admin.get('/calendars/tr?year=2026&language=tr');
  expect(body).toMatchObject({ place: 'TR', year: 2026 });
  expect(body.items).toContainEqual(expect.objectContaining({ day: '2026-04-23', kind: 'holiday' }));
  expect(body.items).toContainEqual({ day: '2026-12-28', name: 'Closed', kind: 'off' });
  expect((await admin.get('/calendars/DE')).body.year).toBe(2026);
  expect((await admin.get('/calendars/QQ')).status).toBe(404);
  expect((await admin.get('/calendars/Germany')).status).toBe(400);
});

test('days off are replaced as a whole, never over somebody else’s change', async () => {
  const before = await admin.get('/days-off');
  const etag = before.headers.get('etag')!;
  const written = await write([closing('2026-08-03', '2026-08-14')], { 'if-match': etag });
  expect(written).toMatchObject({ status: 200, body: { items: [{ name: 'Closed' }] } });
  expect((await write([], { 'if-match': etag })).status).toBe(412);
  for (const wrong of [
    closing('2026-08-14', '2026-08-03'),
    closing('2026-01-01', '2028-01-01'),
    { ...closing('2026-08-03', '2026-08-03'), country: 'QQ' },
    closing('2026-02-30', '2026-03-01'),
  ])
    expect((await write([wrong])).status).toBe(400);
  expect((await (await api.signedIn({ role: 'rep' })).get('/days-off')).body.items).toHaveLength(1);
});

test('a touch that was booked on a day which is a day off now goes out after it; a month that is tried knows it', async () => {
  const { db } = api;
  const host = await makeHost(db);
  const { id: versionId } = await makeVersion(db, {
    plan: makePlan([
      { id: 'wait', kind: 'wait', wait: { unit: 'days', amount: 1 }, next: null },
      touchNode('hello'),
    ]),
  });
  const sender = await makeSender(db);
  const launch = await makeLaunch(db, { versionId, senderIds: [sender.id] });
  const lead = await makeLead(db);
  const { id } = await makeEnrollment(db, { launchId: launch.id, leadId: lead.id });
  await write([]);
  await walk(host, id);
  const day = 86_400_000;
  const slot = async () =>
    (await db.query<{ at: Date }>(`select slot_at as at from touches where enrollment_id = $1`, [id]))
      .rows[0]!.at;
  expect((await slot()).getTime()).toBe(TUESDAY + day);
  await write([closing('2026-03-11', '2026-03-12')]);
  await setTime(db, TUESDAY + day);
  await walk(host, id);
  expect(host.provider.sent).toHaveLength(0);
  // Friday, when the window opens in Berlin.
  expect((await slot()).toISOString()).toBe('2026-03-13T08:00:00.000Z');
  await setTime(db, TUESDAY + 3 * day);
  await walk(host, id);
  expect(host.provider.sent).toHaveLength(1);
  await host.activities.drain();

  const source = 'name: month\nsteps:\n  - id: hello\n    email: { subject: Hello, body: Hello you }\n';
  const month = async () =>
    (
      await admin.post('/sequences/month/simulation', {
        source,
        leads: 1,
        start: '2026-03-11T09:00:00Z',
        timeZone: 'UTC',
      })
    ).body;
  const tried = await month();
  expect(tried.days?.[0]?.day).toBe('2026-03-13');
});

/** What the terminal asks over HTTP: how everything stands, touches, companies by name, launches on events and on files not yet imported. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { tellStory, BEN, ROSA, type Story } from '../../support/analytics-story.ts';
import { makeCompany, makeLead, makeSender } from '../../support/factories.ts';
import { startApi, type Client, type TestApi } from './support.ts';

let api: TestApi;
let story: Story;
let admin: Client;
let rosa: Client;
beforeAll(async () => {
  api = await startApi();
  story = await tellStory(api.db);
  await api.clock.refresh();
  admin = await api.signedIn();
  rosa = await api.signedIn({ role: 'rep', email: ROSA });
});
afterAll(() => api.close());

const rows = async (sql: string) => (await api.db.query(sql)).rows;

test('how everything stands is counted over the leads that one sees', async () => {
  expect((await admin.get('/time')).body).toEqual({ now: '2026-03-31T12:00:00.000Z' });
  const all = await admin.get('/status');
  expect(all.body).toMatchObject({
    now: '2026-03-31T12:00:00.000Z',
    enrollments: { stopped: 5 },
    tracking: [{ step: 'hello', opened: 1, clicked: 1, onlyMachines: 1 }],
    next: [],
  });
  const own = await rosa.get(`/status?launchId=${story.launchId}`);
  expect(own.body).toMatchObject({ enrollments: { stopped: 2 }, tracking: [{ opened: 1, onlyMachines: 0 }] });
  expect(own.body.touches).toEqual([
    { step: 'hello', channel: 'email', state: 'sent', count: 2 },
    { step: 'nudge', channel: 'linkedin', state: 'sent', count: 1 },
  ]);
  const stranger = await api.signedIn({ role: 'rep', email: 'stranger@acme.test' });
  expect((await stranger.get(`/status?launchId=${story.launchId}`)).status).toBe(404);
  expect((await stranger.get('/status')).body).toMatchObject({ enrollments: { stopped: 0 }, reasons: [] });
});

test('touches come page by page, to the leads that one sees, and are settled by whom they concern', async () => {
  const seen: string[] = [];
  let next: string | null = null;
  do {
    const { body } = await admin.get(`/touches?limit=2${next ? `&cursor=${next}` : ''}`);
    seen.push(...body.items.map((touch: { id: string }) => touch.id));
    next = body.next;
  } while (next);
  expect(seen).toEqual(
    (await rows('select id from touches order by at desc, id desc')).map(({ id }) => id as string),
  );
  const own = await rosa.get('/touches');
  expect(own.body.items.map(({ lead }: { lead: string }) => lead)).toEqual([
    'ada Lovelace',
    'bo Lovelace',
    'ada Lovelace',
  ]);
  await api.db.query(`update touches set state = 'unconfirmed' where lead_id = $1`, [story.leads.bo]);
  const open = await rosa.get('/touches?state=unconfirmed');
  expect(open.body).toMatchObject({ items: [{ leadId: story.leads.bo, step: 'hello' }], next: null });
  const id = open.body.items[0].id as string;
  const ben = await api.signedIn({ role: 'rep', email: BEN });
  expect((await ben.get(`/touches?leadId=${story.leads.bo}`)).body.items).toEqual([]);
  expect((await ben.post(`/touches/${id}/settle`, { sent: true })).status).toBe(404);
  expect((await rosa.post(`/touches/${id}/settle`, { sent: true })).body).toEqual({
    leadId: story.leads.bo,
  });
});

test('a company is found by domain, name or id, if one sees a lead of it', async () => {
  const { id } = await makeCompany(api.db, { domain: 'acme.example' });
  await makeLead(api.db, { companyId: id, owner: ROSA });
  const other = await makeCompany(api.db, { domain: 'acme.test' });
  await makeLead(api.db, { companyId: other.id, owner: BEN });
  const called = async (who: Client, text: string) =>
    (await who.get(`/companies?called=${encodeURIComponent(text)}`)).body.items.map(
      (one: { id: string }) => one.id,
    );
  expect(await called(admin, 'Acme.Example')).toEqual([id]);
  expect(await called(admin, id.slice(0, 13))).toEqual([id]);
  expect(await called(admin, 'acme')).toEqual([id, other.id].toSorted());
  expect(await called(rosa, 'ACME')).toEqual([id]);
  expect(await called(rosa, other.id)).toEqual([]);
});

test('an event that enrolls says so, and what it stopped; a launch on events is for who sees all leads', async () => {
  await makeSender(api.db);
  const file =
    'name: cart\nenroll_on: [{ event: cart.abandoned }]\nsteps:\n  - email: { subject: Cart, body: There. }\n';
  const published = await admin.post('/sequences/cart/publication', { source: file });
  expect(published.status).toBeLessThan(300);
  const versionId = (await rows(`select id from sequence_versions where name = 'cart'`))[0]!.id as string;
  const body = { versionId, audience: { events: true } };
  expect(await rosa.post('/launches', body)).toMatchObject({ status: 403, body: { code: 'not_allowed' } });
  const dry = await admin.post('/launches', { ...body, dryRun: true });
  expect(dry.body).toMatchObject({ launchId: null, enrolled: 0, forecast: null });
  expect(await rows(`select from launches where on_events`)).toHaveLength(0);
  const plain = await admin.post('/launches', { ...body, versionId: story.versionId });
  expect(plain).toMatchObject({ status: 422, body: { code: 'nothing_to_wait_for' } });
  const opened = await admin.post('/launches', body);
  expect(opened.status).toBe(201);
  const told = await admin.post(`/leads/${story.leads.cy}/events`, { type: 'cart.abandoned' });
  expect(told.body).toMatchObject({
    stopped: [],
    enrolled: [{ launchId: opened.body.launchId, refused: null }],
  });
  const replied = await admin.post(`/leads/${story.leads.cy}/events`, { type: 'replied' });
  expect(replied.body.stopped).toEqual([{ enrollmentId: expect.any(String), leadId: story.leads.cy }]);
});

test('a file that is not imported is tried: what it would bring and whom it would enroll, and nothing of it stays', async () => {
  const before = await rows('select count(*)::int as leads from leads');
  const csv = `Mail,Owner\nnew@lead.example,${ROSA}\nother@lead.example,${BEN}\nnobody,\n`;
  const audience = { csv, mapping: { Mail: 'email' } };
  const body = { versionId: story.versionId, audience, dryRun: true };
  const tried = await admin.post('/launches', body);
  expect(tried).toMatchObject({
    status: 200,
    body: { enrolled: 2, imported: { rows: 3, created: 2 }, launchId: null },
  });
  await makeSender(api.db, { owner: ROSA });
  // As by an import: what is new is Rosa's, and a colleague's lead is none of hers.
  expect((await rosa.post('/launches', body)).body).toMatchObject({ enrolled: 2, imported: { created: 2 } });
  const bens = await makeLead(api.db, { owner: BEN });
  const colleagues = { ...body, audience: { ...audience, csv: `Mail\n${bens.email}\n` } };
  expect((await rosa.post('/launches', colleagues)).body).toMatchObject({
    enrolled: 0,
    imported: { updated: 0, unchanged: 0, rejected: { not_yours: 1 } },
  });
  await api.db.query('delete from leads where id = $1', [bens.id]);
  const added = await admin.post(`/launches/${story.launchId}/leads`, { audience, dryRun: true });
  expect(added.body).toMatchObject({ enrolled: 2, imported: { created: 2 } });
  expect(await rows('select count(*)::int as leads from leads')).toEqual(before);
  expect(await rows('select from imports')).toHaveLength(0);
  expect(await admin.post('/launches', { ...body, dryRun: false })).toMatchObject({
    status: 422,
    body: { code: 'not_imported' },
  });
  expect((await admin.post('/launches', { ...body, audience: { csv: 'x' } })).status).toBe(422);
});

test('what sources told comes page by page', async () => {
  await api.db.query(
    `insert into inbound (source, kind, dedupe_key, payload, state, received_at)
     select 'events', 'order.placed', 'x:shop:' || n, '{}', 'done', business_now() from generate_series(1, 3) n`,
  );
  const first = await admin.get('/sources/events?source=shop&limit=2');
  expect(first.body.items).toHaveLength(2);
  const second = await admin.get(`/sources/events?source=shop&limit=2&cursor=${first.body.next}`);
  expect(second.body).toMatchObject({ items: [{ source: 'shop' }], next: null });
  expect((await admin.get(`/sources/events?source=${randomUUID()}`)).body.items).toEqual([]);
});

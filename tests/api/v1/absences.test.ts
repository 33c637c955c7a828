import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makeLead, makeSender } from '../../support/factories.ts';
import { makeMessage, makeTask } from './desk-support.ts';
import { startApi, type Client, type TestApi } from './support.ts';

let api: TestApi;
let admin: Client;
beforeAll(async () => {
  api = await startApi();
  admin = await api.signedIn();
});
afterAll(() => api.close());

let people = 0;
const rep = (team: string | null = null) =>
  api.signedIn({ role: 'rep', name: `Away ${++people}`, email: `away${people}@acme.test`, team });
const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
const ids = (answer: { body: { items: { id: string }[] } }) => answer.body.items.map(({ id }) => id);

test('a colleague has tasks and conversations during a leave, and not after it', async () => {
  const [ayse, rosa] = await Promise.all([rep(), rep()]);
  const owner = ayse.user.email;
  const task = await makeTask(api.db, { owner, dueAt: Date.now() });
  await makeMessage(api.db, { leadId: task.leadId, at: Date.now() });
  const added = await ayse.post('/absences', { from: day(-1), to: day(3), colleagueId: rosa.user.id });
  expect(added).toMatchObject({
    status: 201,
    body: { userId: ayse.user.id, state: 'now', colleague: rosa.user.name, timeZone: 'UTC', version: 1 },
  });
  expect(added.headers.get('etag')).toBe('"1"');
  const { id } = added.body;

  expect(ids(await rosa.get('/tasks'))).toEqual([task.id]);
  expect((await rosa.get('/inbox')).body.items).toHaveLength(1);
  expect((await rosa.get(`/leads/${task.leadId}`)).status).toBe(200);
  expect(ids(await rosa.get('/absences'))).toContain(id);
  // Not the colleague's to change.
  expect((await rosa.get(`/absences/${id}`)).status).toBe(404);
  expect((await rosa.call('DELETE', `/absences/${id}`)).status).toBe(404);

  expect((await ayse.call('DELETE', `/absences/${id}`)).status).toBe(204);
  expect(ids(await rosa.get('/tasks'))).toEqual([]);
  expect((await rosa.get(`/leads/${task.leadId}`)).status).toBe(404);
  expect((await ayse.call('DELETE', `/absences/${id}`)).status).toBe(409);
  expect(ids(await ayse.get('/absences'))).toEqual([]);
  expect(ids(await ayse.get('/absences?over=true'))).toEqual([id]);
});

test('while the leads of somebody wait, the team sees them and why says until when', async () => {
  const [ayse, mate, stranger] = await Promise.all([rep('north'), rep('north'), rep('south')]);
  await makeSender(api.db, { owner: ayse.user.email, timeZone: 'Europe/Istanbul' });
  const task = await makeTask(api.db, { owner: ayse.user.email, dueAt: Date.now() });
  const { body } = await ayse.post('/absences', { from: day(-1), to: day(5) });
  expect(body).toMatchObject({ timeZone: 'Europe/Istanbul', colleagueId: null, state: 'now' });
  expect((await mate.get(`/leads/${task.leadId}`)).status).toBe(200);
  expect((await stranger.get(`/leads/${task.leadId}`)).status).toBe(404);
  expect((await mate.get(`/leads/${task.leadId}/why`)).body.sentence).toContain(
    `${ayse.user.name} is on leave until `,
  );
  // It is no pause that somebody could end by hand.
  expect((await admin.get('/pauses')).body.items).toEqual([]);

  const changed = await ayse.call('PATCH', `/absences/${body.id}`, { to: day(9) }, { 'if-match': '"1"' });
  expect(changed).toMatchObject({ status: 200, body: { to: day(9), version: 2 } });
  const late = await ayse.call('PATCH', `/absences/${body.id}`, { to: day(7) }, { 'if-match': '"1"' });
  expect(late.status).toBe(412);
  expect((await ayse.call('DELETE', `/absences/${body.id}`, undefined, { 'if-match': '"1"' })).status).toBe(
    412,
  );
});

test('reps say their own leave, managers their team’s, admins anybody’s', async () => {
  const [ayse, mate, stranger] = await Promise.all([rep('east'), rep('east'), rep('west')]);
  const boss = await api.signedIn({ role: 'manager', team: 'east', name: 'Boss' });
  const say = (client: Client, userId: string, from: number, colleagueId?: string) =>
    client.post('/absences', { userId, from: day(from), to: day(from), ...(colleagueId && { colleagueId }) });
  expect((await say(ayse, mate.user.id, 10)).status).toBe(404);
  expect((await say(boss, ayse.user.id, 10)).status).toBe(201);
  expect((await say(boss, stranger.user.id, 10)).status).toBe(404);
  expect((await say(admin, stranger.user.id, 10)).status).toBe(201);
  expect((await say(ayse, ayse.user.id, 20, stranger.user.id)).status).toBe(404);
  expect((await say(ayse, ayse.user.id, 20, mate.user.id)).status).toBe(201);
  expect((await say(ayse, ayse.user.id, 20)).body).toMatchObject({ status: 422, code: 'bad_time' });
  expect((await say(ayse, ayse.user.id, 30, ayse.user.id)).body.code).toBe('bad_colleague');
  const names = (await mate.get('/absences')).body.items.map(({ name }: { name: string }) => name);
  expect(new Set(names)).toEqual(new Set([ayse.user.name]));
  expect(ids(await boss.get('/absences'))).toHaveLength(2);
});

test('whoever waited is woken when somebody is back early', async () => {
  const ayse = await rep();
  const { id: leadId } = await makeLead(api.db, { owner: ayse.user.email });
  const { body } = await ayse.post('/absences', { from: day(-1), to: day(3) });
  const task = await makeTask(api.db, { owner: ayse.user.email, dueAt: Date.now() });
  await api.db.query(`update enrollments set reason = 'paused_absence', next_at = null where id = $1`, [
    task.enrollmentId,
  ]);
  await ayse.call('DELETE', `/absences/${body.id}`);
  expect(api.woken.flatMap(({ enrollments }) => enrollments ?? [])).toContain(task.enrollmentId);
  expect((await ayse.get(`/leads/${leadId}`)).status).toBe(200);
});

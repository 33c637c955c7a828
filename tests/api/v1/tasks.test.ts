import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { setTime, TUESDAY } from '../../support/factories.ts';
import { makeMessage, makeTask, type GivenTask } from './desk-support.ts';
import { startApi, type TestApi } from './support.ts';

const HOUR = 3_600_000;
let api: TestApi;
beforeAll(async () => {
  api = await startApi({
    clock: { now: () => TUESDAY, speed: () => 1, refresh: async () => {}, close: () => {} },
  });
  await setTime(api.db, TUESDAY);
});
afterAll(() => api.close());

let reps = 0;
const newRep = () => api.signedIn({ role: 'rep', name: `Rep ${reps++}` });

test('tasks come in order of worth: answers that wait, overdue calls, who answered or followed a link, the longest due; pages go on where they ended', async () => {
  const rep = await newRep();
  const owner = rep.user.email.toUpperCase();
  const give = (task: Omit<GivenTask, 'owner'>) => makeTask(api.db, { owner, ...task });
  const event = (leadId: string, type: string, at = TUESDAY - HOUR) =>
    api.db.query('insert into lead_events (lead_id, type, at) values ($1, $2, $3)', [
      leadId,
      type,
      new Date(at),
    ]);
  const later = await give({ firstName: 'later', dueAt: TUESDAY + HOUR });
  await give({ firstName: 'old', kind: 'task', dueAt: TUESDAY - 9 * HOUR });
  await give({ firstName: 'young', kind: 'task', dueAt: TUESDAY - HOUR });
  const clicked = await give({ firstName: 'clicked', kind: 'linkedin', dueAt: TUESDAY - HOUR });
  const replied = await give({ firstName: 'replied', kind: 'task', dueAt: TUESDAY - HOUR });
  const longAgo = await give({ firstName: 'long ago', kind: 'task', dueAt: TUESDAY - 2 * HOUR });
  await give({ firstName: 'call', dueAt: TUESDAY - HOUR });
  const waits = await give({ firstName: 'waits', kind: 'task', dueAt: TUESDAY });
  await event(clicked.leadId, 'clicked');
  await event(replied.leadId, 'clicked');
  await event(replied.leadId, 'replied');
  await event(longAgo.leadId, 'replied', TUESDAY - 31 * 24 * HOUR);
  await event(later.leadId, 'replied');
  await makeMessage(api.db, { leadId: waits.leadId, at: TUESDAY - HOUR });

  const order = ['waits', 'call', 'replied', 'clicked', 'old', 'long ago', 'young', 'later'].map(
    (name) => `${name} Lovelace`,
  );
  const { body } = await rep.get('/tasks');
  expect(body.items.map((task: { leadName: string }) => task.leadName)).toEqual(order);
  expect(body.items[0]).toMatchObject({
    waiting: true,
    outcomes: ['done', 'skipped'],
    dueAt: new Date(TUESDAY).toISOString(),
  });
  expect(body.items[2]).toMatchObject({ engagement: 'replied' });

  const paged: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const { body: part } = await rep.get(`/tasks?limit=3${cursor && `&cursor=${cursor}`}`);
    paged.push(...part.items.map((task: { leadName: string }) => task.leadName));
    cursor = part.next;
  }
  expect(paged).toEqual(order);
  const names = async (query: string) =>
    (await rep.get(`/tasks?${query}`)).body.items.map((task: { leadName: string }) =>
      task.leadName.replace(' Lovelace', ''),
    );
  expect(await names('sort=dueAt&limit=2')).toEqual(['old', 'long ago']);
  const { next } = (await rep.get('/tasks?sort=dueAt&limit=1')).body;
  expect((await rep.get(`/tasks?sort=worth&cursor=${next}`)).body).toMatchObject({ code: 'bad_cursor' });
  expect(await names('kind=call')).toEqual(['call', 'later']);
  expect(await names('due=now&kind=call')).toEqual(['call']);
  expect(await names(`leadId=${waits.leadId}`)).toEqual(['waits']);
  expect(await names('state=done')).toEqual([]);
  expect(await rep.get('/me/counts')).toMatchObject({
    status: 200,
    body: { tasksDue: 7, tasksOpen: 8, waiting: 1 },
  });
});

test('a task shows its script and its lead’s history; completing it wakes the sequence, counts once and is written down', async () => {
  const rep = await newRep();
  const { id, leadId, enrollmentId } = await makeTask(api.db, {
    assignee: rep.user.email,
    owner: rep.user.email,
    dueAt: TUESDAY,
    body: 'Ask for <b>Tuesday</b>.',
  });
  expect((await rep.get(`/tasks/${id}`)).body).toMatchObject({
    task: { id, outcomes: expect.arrayContaining(['connected', 'no_answer']), waiting: false },
    script: 'Ask for <b>Tuesday</b>.',
    canRing: false,
    review: null,
    lead: { id: leadId, name: 'Ada Lovelace', timeZone: 'Europe/Berlin' },
    history: expect.arrayContaining([expect.objectContaining({ what: 'task', state: 'open' })]),
  });
  expect(await rep.post(`/tasks/${id}/ring`)).toMatchObject({ status: 409, body: { code: 'cannot_ring' } });
  expect(await rep.post(`/tasks/${id}/complete`, { outcome: 'sold' })).toMatchObject({
    status: 422,
    body: { code: 'bad_outcome' },
  });
  const complete = () =>
    rep.post(
      `/tasks/${id}/complete`,
      { outcome: 'no_answer', note: 'Rang twice.' },
      { 'idempotency-key': 'once' },
    );
  const done = await complete();
  expect(done).toMatchObject({
    status: 200,
    body: { task: { state: 'done', outcome: 'no_answer', note: 'Rang twice.' }, stopped: 0 },
  });
  expect(api.woken).toContainEqual({ enrollments: [enrollmentId] });
  expect((await complete()).body).toEqual(done.body);
  expect(await rep.post(`/tasks/${id}/complete`, { outcome: 'connected' })).toMatchObject({
    status: 409,
    body: { code: 'already_done' },
  });
  expect((await rep.get('/tasks?state=done')).body.items).toMatchObject([{ id, state: 'done' }]);
});

test('a review shows what would go out, and goes out as edited', async () => {
  const rep = await newRep();
  const { id } = await makeTask(api.db, { kind: 'review', owner: rep.user.email, dueAt: TUESDAY });
  expect((await rep.get(`/tasks/${id}`)).body).toMatchObject({
    review: { subject: 'Hello', text: 'Dear Ada' },
  });
  const edited = { text: 'Dear Countess' };
  expect((await rep.post(`/tasks/${id}/complete`, { outcome: 'approved', edited })).status).toBe(200);
  const { rows } = await api.db.query(
    `select content->>'text' as text from touches t join tasks k on k.touch_id = t.id where k.id = $1`,
    [id],
  );
  expect(rows).toEqual([{ text: 'Dear Countess' }]);
});

test('a rep sees the tasks of own leads and own tasks, a manager the team’s and nobody’s; another’s is a 404', async () => {
  const [rosa, other] = [
    await api.signedIn({ role: 'rep', team: 'north', name: 'Rosa North' }),
    await newRep(),
  ];
  const boss = await api.signedIn({ role: 'manager', team: 'north', name: 'Boss North' });
  const admin = await api.signedIn();
  const mine = await makeTask(api.db, { owner: 'rosa north', dueAt: TUESDAY });
  const assigned = await makeTask(api.db, {
    owner: other.user.email,
    assignee: rosa.user.email,
    dueAt: TUESDAY,
  });
  const nobodys = await makeTask(api.db, { dueAt: TUESDAY });
  const sees = async (client: typeof rosa) => {
    const found: string[] = [];
    for (const { id } of [mine, assigned, nobodys]) {
      const read = await client.get(`/tasks/${id}`);
      const listed = (await client.get('/tasks?limit=200')).body.items.some(
        (task: { id: string }) => task.id === id,
      );
      expect(read.status).toBe(listed ? 200 : 404);
      if (!listed) {
        expect((await client.post(`/tasks/${id}/complete`, { outcome: 'connected' })).status).toBe(404);
        expect((await client.post(`/tasks/${id}/ring`)).status).toBe(404);
      }
      if (listed) found.push(id);
    }
    return found;
  };
  expect(await sees(rosa)).toEqual([mine.id, assigned.id]);
  expect(await sees(other)).toEqual([assigned.id]);
  expect(await sees(boss)).toEqual([mine.id, assigned.id, nobodys.id]);
  expect(await sees(admin)).toEqual([mine.id, assigned.id, nobodys.id]);
  expect((await api.anonymous().get('/tasks')).status).toBe(401);
  expect((await (await api.withKey({}, ['tasks:read'])).get('/tasks')).status).toBe(200);
  expect((await (await api.withKey({}, ['inbox:read'])).get('/tasks')).status).toBe(403);
});

test('whether a touch went out of which nobody knows is its owner’s to say', async () => {
  const [rep, other] = [await newRep(), await newRep()];
  const { leadId, enrollmentId } = await makeTask(api.db, { owner: rep.user.email, dueAt: TUESDAY });
  const { rows } = await api.db.query<{ id: string }>(
    `update touches set state = 'unconfirmed', sending_at = business_now() where lead_id = $1 returning id`,
    [leadId],
  );
  const path = `/touches/${rows[0]!.id}/settle`;
  expect((await other.post(path, { sent: true })).status).toBe(404);
  expect(await rep.post(path, { sent: true })).toMatchObject({ status: 200, body: { leadId } });
  expect(api.woken).toContainEqual({ enrollments: [enrollmentId] });
  expect(await rep.post(path, { sent: true })).toMatchObject({
    status: 409,
    body: { code: 'not_unconfirmed' },
  });
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeVersion,
  touchNode,
} from '../../support/factories.ts';
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
const rep = (team: string | null = null) => {
  const name = `rep${++people}`;
  return api.signedIn({ role: 'rep', name: `Rep ${people}`, knownAs: [name], team });
};
const found = async (client: Client) =>
  (await client.get('/leads')).body.items.map(({ id }: { id: string }) => id).toSorted();

test('leads, their open tasks and conversations go to a colleague, and each lead’s timeline and why tell it', async () => {
  const [rosa, ayse, other] = await Promise.all([rep(), rep(), rep()]);
  const [name] = rosa.user.knownAs;
  const task = await makeTask(api.db, { owner: name!, assignee: rosa.user.email, dueAt: Date.now() });
  const alone = await makeLead(api.db, { owner: rosa.user.name.toUpperCase() });
  await makeMessage(api.db, { leadId: alone.id, at: Date.now() });
  const strange = await makeTask(api.db, { owner: other.user.email, assignee: name!, dueAt: Date.now() });
  const order = { to: ayse.user.id, leads: 'all' };
  const path = `/users/${rosa.user.id}/hand-over`;

  const counted = { leads: 2, tasks: 2, conversations: 1, more: false };
  const audited = async () => (await admin.get(`/audit?target=${rosa.user.id}`)).body.items;
  expect((await admin.post(path, { ...order, dryRun: true })).body).toEqual(counted);
  expect(await found(ayse)).toEqual([]);
  expect(await audited()).toEqual([]);
  expect((await admin.post(path, order)).body).toEqual(counted);
  expect(await audited()).toMatchObject([{ action: 'users.handOver' }]);
  expect((await admin.post(path, order)).body).toEqual({ leads: 0, tasks: 0, conversations: 0, more: false });

  expect(await found(rosa)).toEqual([]);
  expect(await found(ayse)).toEqual([task.leadId, alone.id].toSorted());
  expect(await found(other)).toEqual([strange.leadId]);
  const tasks = await ayse.get('/tasks');
  expect(tasks.body.items.map(({ id }: { id: string }) => id).toSorted()).toEqual(
    [task.id, strange.id].toSorted(),
  );
  expect((await ayse.get('/inbox')).body.items).toHaveLength(1);
  for (const leadId of [task.leadId, alone.id]) {
    const { entries } = (await ayse.get(`/leads/${leadId}/timeline`)).body;
    expect(entries).toContainEqual(
      expect.objectContaining({
        what: 'decision',
        state: 'handed_over',
        detail: `from ${rosa.user.name} to ${ayse.user.name}`,
      }),
    );
    expect((await ayse.get(`/leads/${leadId}/why`)).body.sentence).toContain(
      `Handed over from ${rosa.user.name} to ${ayse.user.name}`,
    );
  }
  const audit = await admin.get(`/audit?target=${rosa.user.id}`);
  expect(
    audit.body.items.filter(({ action }: { action: string }) => action === 'users.handOver'),
  ).toHaveLength(2);
});

test('some of the leads: by id, by sequence; without tasks these stay', async () => {
  const [rosa, ayse] = await Promise.all([rep(), rep()]);
  const owner = rosa.user.email;
  const version = await makeVersion(api.db, { plan: makePlan([touchNode('mail')]), name: 'spring' });
  const launch = await makeLaunch(api.db, { versionId: version.id });
  const [inSpring, named, left] = [
    await makeLead(api.db, { owner }),
    await makeLead(api.db, { owner }),
    await makeLead(api.db, { owner }),
  ];
  await makeEnrollment(api.db, { launchId: launch.id, leadId: inSpring.id });
  const task = await makeTask(api.db, { owner, assignee: owner, dueAt: Date.now() });
  const somebodys = await makeLead(api.db, { owner: 'somebody else' });
  const path = `/users/${rosa.user.id}/hand-over`;
  const give = (leads: unknown, more = {}) => admin.post(path, { to: ayse.user.id, leads, ...more });
  expect((await give({ sequence: 'spring' })).body).toMatchObject({ leads: 1 });
  expect(await found(ayse)).toEqual([inSpring.id]);
  expect((await give({ ids: [named.id, task.leadId, somebodys.id] }, { tasks: false })).body).toMatchObject({
    leads: 2,
    tasks: 0,
  });
  expect(await found(ayse)).toEqual([inSpring.id, named.id, task.leadId].toSorted());
  expect(await found(rosa)).toEqual([left.id]);
  expect((await rosa.get('/tasks')).body.items).toHaveLength(1);
});

test('more leads than a page go over, and a rep may not give them', async () => {
  const [rosa, ayse] = await Promise.all([rep(), rep()]);
  await api.db.query(
    `insert into leads (seed, owner) select 'many ' || n, $1 from generate_series(1, 450) n`,
    [rosa.user.email],
  );
  const order = { to: ayse.user.id, leads: 'all' };
  expect((await rosa.post(`/users/${rosa.user.id}/hand-over`, order)).status).toBe(403);
  expect((await admin.post(`/users/${rosa.user.id}/hand-over`, order)).body.leads).toBe(450);
});

test('a manager moves within the team only, and nobody gives to who cannot sign in or to themselves', async () => {
  const [rosa, ayse, stranger] = await Promise.all([rep('north'), rep('north'), rep('south')]);
  const boss = await api.signedIn({ role: 'manager', team: 'north' });
  const give = (client: Client, from: Client, to: Client) =>
    client.post(`/users/${from.user.id}/hand-over`, { to: to.user.id, leads: 'all' });
  expect((await give(boss, rosa, ayse)).status).toBe(200);
  for (const refused of [await give(boss, rosa, stranger), await give(boss, stranger, rosa)])
    expect(refused).toMatchObject({
      status: 403,
      body: {
        code: 'not_allowed',
        detail: expect.stringContaining(`${stranger.user.name} is not of your team, north`),
      },
    });
  expect((await give(admin, rosa, stranger)).status).toBe(200);
  expect((await give(admin, rosa, rosa)).body.code).toBe('same_user');
  await admin.call('PATCH', `/users/${ayse.user.id}`, { disabled: true }, { 'if-match': '*' });
  expect((await give(boss, rosa, ayse)).body.code).toBe('user_disabled');
  const names = (await rosa.get('/colleagues')).body.items.map(({ id }: { id: string }) => id);
  expect(names).toContain(boss.user.id);
  expect(names).not.toContain(stranger.user.id);
  expect(names).not.toContain(ayse.user.id);
});

test('a lead is given by its owner’s name within the team only, too: edited, added, many at once, imported', async () => {
  const [rosa, stranger] = await Promise.all([rep('north'), rep('south')]);
  const boss = await api.signedIn({ role: 'manager', team: 'north' });
  const { id } = await makeLead(api.db, { owner: rosa.user.email });
  const strangers = stranger.user.knownAs[0]!.toUpperCase();
  const ways = [
    (owner: string | null) => boss.call('PATCH', `/leads/${id}`, { owner }, { 'if-match': '*' }),
    (owner: string | null) => boss.post('/leads/bulk', { ids: [id], action: { do: 'owner', owner } }),
    (owner: string | null) =>
      boss.post('/leads', { owner, emails: [`x${crypto.randomUUID()}@lead.example`] }),
  ];
  for (const way of ways) {
    expect(await way(strangers)).toMatchObject({
      status: 403,
      body: { code: 'not_allowed', detail: expect.stringContaining(`${strangers} is not of your team`) },
    });
    expect((await boss.get(`/leads/${id}`)).status).toBe(200);
    for (const owner of [rosa.user.name, null]) expect((await way(owner)).status).toBeLessThan(300);
  }
  expect((await ways[0]!('who is no user')).status).toBe(200);
  const whole = await api.signedIn({ role: 'manager' });
  expect((await whole.call('PATCH', `/leads/${id}`, { owner: strangers }, { 'if-match': '*' })).status).toBe(
    200,
  );
});

test('a lead that the colleague in whose place one is owns may be edited with its owner in the form', async () => {
  const [away, boss] = [await rep('south'), await api.signedIn({ role: 'manager', team: 'north' })];
  const { id } = await makeLead(api.db, { owner: away.user.email });
  await api.db.query(
    `insert into absences (user_id, colleague_id, from_day, to_day, time_zone, from_at, until_at)
     values ($1, $2, '2020-01-01', '2099-01-01', 'UTC', '2020-01-01', '2099-01-01')`,
    [away.user.id, boss.user.id],
  );
  const body = { owner: away.user.email, title: 'CTO' };
  expect((await boss.call('PATCH', `/leads/${id}`, body, { 'if-match': '*' })).status).toBe(200);
});

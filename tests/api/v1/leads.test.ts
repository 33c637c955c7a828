import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { contacted } from '../../activities/inbound/support.ts';
import { makeLead, setTime, TUESDAY } from '../../support/factories.ts';
import { startApi, type Client, type TestApi } from './support.ts';

let api: TestApi;
let rosa: Client;
let admin: Client;
beforeAll(async () => {
  api = await startApi();
  await setTime(api.db, TUESDAY);
  admin = await api.signedIn();
  rosa = await api.signedIn({ role: 'rep', email: 'rosa@acme.test', knownAs: ['Rosa'], team: 'north' });
});
afterAll(() => api.close());

/** A lead under way, owned by somebody. */
async function underWay(owner: string | null, lead: Parameters<typeof makeLead>[1] = {}) {
  const email = `ada-${randomUUID().slice(0, 8)}@lead.example`;
  const one = await contacted(api.db, { channel: 'email', lead: { email, ...lead } });
  await api.db.query('update leads set owner = $2 where id = $1', [one.leadId, owner]);
  return { ...one, email };
}

test('a rep sees own leads only, by any of the names it is known by; a manager the team’s and nobody’s', async () => {
  const mine = await underWay('ROSA');
  const theirs = await underWay('sam@acme.test');
  const nobodys = await underWay(null);
  const manager = await api.signedIn({ role: 'manager', team: 'north' });
  const south = await api.signedIn({ role: 'manager', team: 'south' });
  const seenBy = async (client: Client) => {
    const { body } = await client.get('/leads?limit=200');
    return [mine, theirs, nobodys].map(({ leadId }) =>
      body.items.some((lead: { id: string }) => lead.id === leadId),
    );
  };
  expect(await seenBy(rosa)).toEqual([true, false, false]);
  expect(await seenBy(manager)).toEqual([true, false, true]);
  expect(await seenBy(south)).toEqual([false, false, true]);
  expect(await seenBy(admin)).toEqual([true, true, true]);
  for (const path of ['', '/why', '/timeline', '/export'])
    expect([path, (await rosa.get(`/leads/${theirs.leadId}${path}`)).status]).toEqual([path, 404]);
  for (const command of ['pause', 'resume', 'stop', 'skip', 'retry', 'suppress'])
    expect([command, (await rosa.post(`/leads/${theirs.leadId}/${command}`, {})).status]).toEqual([
      command,
      404,
    ]);
  expect((await rosa.get(`/leads/${mine.leadId}`)).body).toMatchObject({ id: mine.leadId, owner: 'ROSA' });
});

test('leads are found by name, company or email, by owner and by status, page by page without a gap', async () => {
  const word = randomUUID().slice(0, 8);
  const made = [];
  for (let n = 0; n < 5; n++) made.push(await underWay('rosa', { email: `${word}-${n}%_@lead.example` }));
  await makeLead(api.db, { email: `other-${word}x@lead.example` });
  const first = await admin.get(`/leads?q=${word}-&limit=2`);
  const second = await admin.get(`/leads?q=${word}-&limit=2&cursor=${first.body.next}`);
  const third = await admin.get(`/leads?q=${word}-&limit=2&cursor=${second.body.next}`);
  const ids = [first, second, third].flatMap(({ body }) => body.items.map((lead: { id: string }) => lead.id));
  expect(ids).toEqual(made.map(({ leadId }) => leadId).toReversed());
  expect(third.body.next).toBeNull();
  expect((await admin.get(`/leads?q=${word}-3%25_`)).body.items).toHaveLength(1);
  expect((await admin.get(`/leads?q=${word}&status=none`)).body.items).toHaveLength(1);
  expect((await admin.get(`/leads?q=${word}&owner=Rosa`)).body.items).toHaveLength(5);
  expect((await admin.get(`/leads?q=${word}-0`)).body.items[0]).toMatchObject({
    status: 'running',
    owner: 'rosa',
  });
});

test('a lead is paused, goes on, and is stopped; why and the timeline say so', async () => {
  const one = await underWay('rosa');
  const path = `/leads/${one.leadId}`;
  expect((await rosa.post(`${path}/pause`, { reason: 'on holiday' })).body).toMatchObject({ already: false });
  expect((await rosa.get(`${path}/why`)).body).toMatchObject({
    enrollment: { status: 'running' },
    blocks: [{ kind: 'paused' }],
    sentence: expect.stringContaining('paused'),
  });
  expect((await rosa.post(`${path}/resume`)).body).toEqual({ resumed: true });
  expect((await rosa.post(`${path}/stop`, {})).body).toMatchObject({ stopped: 1 });
  expect((await rosa.post(`${path}/skip`)).status).toBe(409);
  expect(api.woken).toContainEqual({ enrollments: [one.enrollmentId] });
  const { body } = await rosa.get(`${path}/timeline`);
  expect(body.entries).toContainEqual(
    expect.objectContaining({ what: 'touch', step: 'hello', state: 'sent' }),
  );
  const newest = (await rosa.get(`${path}/timeline?limit=1`)).body;
  const before = (await rosa.get(`${path}/timeline?limit=1&cursor=${newest.next}`)).body;
  expect([...before.entries, ...newest.entries]).toEqual(body.entries.slice(-2));
  expect(body).toMatchObject({ truncated: false, next: null });
  expect(await rosa.get(`${path}/timeline?cursor=bm8`)).toMatchObject({
    status: 400,
    body: { code: 'bad_cursor' },
  });
  const audit = await admin.get(`/audit?target=${one.leadId}`);
  expect(audit.body.items.map(({ action }: { action: string }) => action)).toEqual([
    'leads.stop',
    'leads.resume',
    'leads.pause',
  ]);
});

test('what a lead did is recorded once and has its effect; the same key again changes nothing', async () => {
  const one = await underWay('rosa');
  const event = (key: string) =>
    rosa.post(`/leads/${one.leadId}/events`, { type: 'replied', channel: 'email', key });
  const key = randomUUID();
  expect((await event(key)).body).toMatchObject({
    stopped: [{ enrollmentId: one.enrollmentId, leadId: one.leadId }],
    enrolled: [],
  });
  expect((await event(key)).body).toMatchObject({ eventId: null, stopped: [] });
  const at = (ms: number) =>
    rosa.post(`/leads/${one.leadId}/events`, {
      type: 'opened',
      at: new Date(api.clock.now() + ms).toISOString(),
    });
  expect(await at(600_000)).toMatchObject({ status: 422, body: { code: 'bad_time' } });
  expect((await at(60_000)).status).toBe(200);
  expect((await rosa.post(`/leads/${one.leadId}/events`, { type: 'Not a type' })).status).toBe(400);
  expect((await rosa.get(`/leads/${one.leadId}/why`)).body).toMatchObject({
    enrollment: { reason: 'replied' },
  });
});

test('erasing asks for the name, is the manager’s, and leaves nothing to find', async () => {
  const one = await underWay('rosa');
  const { lead } = (await admin.get(`/leads/${one.leadId}/why`)).body;
  const erase = (client: Client, name: string) => client.post(`/leads/${one.leadId}/erase`, { name });
  expect((await erase(rosa, lead.name)).status).toBe(403);
  expect((await erase(admin, 'somebody')).body).toMatchObject({ status: 422, code: 'not_confirmed' });
  expect((await erase(admin, lead.name || one.email)).body).toMatchObject({ enrollments: 1 });
  expect((await admin.get(`/leads/${one.leadId}`)).status).toBe(404);
  expect(api.woken.at(-1)).toEqual({ terminate: [one.enrollmentId] });
});

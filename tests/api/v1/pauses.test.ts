import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startPending } from '../../../db/pacing.ts';
import {
  makeLead,
  makePlan,
  makeSender,
  makeVersion,
  setTime,
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

test('a sequence is paused with its later launches, by whom all of its launches belong to', async () => {
  const version = await makeVersion(api.db, { plan: makePlan([touchNode('hello')]) });
  const [rosa, tom] = [
    await api.signedIn({ email: 'rosa@acme.test', role: 'rep' }),
    await api.signedIn({ email: 'tom@acme.test', role: 'rep' }),
  ];
  for (const owner of ['rosa@acme.test', 'tom@acme.test']) await makeSender(api.db, { owner });
  const launch = async (client: Client, owner: string) =>
    (
      await client.post('/launches', {
        versionId: version.id,
        audience: { leadIds: [(await makeLead(api.db, { owner })).id] },
      })
    ).body.launchId as string;
  const { sequenceId: id } = (await rosa.get(`/sequences/${version.name}`)).body;
  expect((await rosa.get('/sequences')).body.items).toMatchObject([{ id, name: version.name }]);
  const target = { scope: 'sequence', id };
  // Of a sequence that nobody launched, nothing is hers.
  expect((await rosa.post('/pause', target)).status).toBe(403);
  const first = await launch(rosa, 'rosa@acme.test');
  expect((await tom.post('/pause', target)).status).toBe(403);
  expect((await rosa.post('/pause', { ...target, reason: 'new pricing' })).body).toMatchObject({
    name: version.name,
    already: false,
  });
  const second = await launch(tom, 'tom@acme.test');
  for (const [client, launched] of [
    [rosa, first],
    [tom, second],
  ] as const) {
    const path = `/launches/${launched}`;
    const told = { sequenceId: id, paused: 'sequence', waitsFor: 'paused' };
    expect((await client.get(path)).body).toMatchObject(told);
    expect((await client.get(`${path}/numbers`)).body).toMatchObject({ paused: 'sequence' });
    expect((await client.get('/launches?status=paused')).body.items).toMatchObject([{ id: launched }]);
    expect((await client.get('/launches?status=active')).body.items).toEqual([]);
    expect((await client.get('/pauses')).body.items).toMatchObject([
      { scope: 'sequence', scopeId: id, name: version.name, reason: 'new pricing' },
    ]);
    expect(await startPending(api.db, launched, 10)).toEqual([]);
  }
  for (const client of [rosa, tom]) expect((await client.post('/resume', target)).status).toBe(403);
  expect((await admin.post('/pause', { scope: 'sequence', id: first })).status).toBe(404);
  expect((await admin.post('/stop', target)).status).toBe(400);
  expect((await admin.post('/resume', target)).body).toMatchObject({ resumed: true });
  expect(await startPending(api.db, second, 10)).toHaveLength(1);
  expect((await admin.get(`/launches/${second}`)).body).toMatchObject({ paused: null });
});

test('a manager with a team pauses and stops what is the team’s and nobody else’s', async () => {
  const version = await makeVersion(api.db, { plan: makePlan([touchNode('hello')]) });
  const south = await api.signedIn({ role: 'manager', team: 'south' });
  await api.signedIn({ email: 'bea@acme.test', role: 'rep', team: 'south' });
  const launch = async (...owners: (string | null)[]) => {
    const leadIds: string[] = [];
    for (const owner of owners) leadIds.push((await makeLead(api.db, { owner })).id);
    return (await admin.post('/launches', { versionId: version.id, audience: { leadIds } })).body.launchId;
  };
  await makeSender(api.db, { owner: null });
  const [ours, mixed, theirs] = [
    await launch('bea@acme.test', null),
    await launch('bea@acme.test', 'north@acme.test'),
    await launch('north@acme.test'),
  ];
  const { sequenceId } = (await admin.get(`/sequences/${version.name}`)).body;
  for (const path of ['/pause', '/resume', '/stop'] as const) {
    const status = async (scope: string, id: string | null) => (await south.post(path, { scope, id })).status;
    expect(await status('launch', theirs)).toBe(404);
    expect(await status('launch', mixed)).toBe(403);
    expect(await status('all', null)).toBe(403);
    if (path !== '/stop') expect(await status('sequence', sequenceId)).toBe(403);
    expect(await status('launch', ours)).toBe(200);
  }
  expect((await admin.get(`/launches/${mixed}`)).body).toMatchObject({ status: 'running', paused: null });
});

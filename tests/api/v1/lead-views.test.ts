import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makeLead } from '../../support/factories.ts';
import { startApi, type TestApi } from './support.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

test('views are one’s own, and replaced by name', async () => {
  const [rosa, other] = [await api.signedIn({ role: 'rep' }), await api.signedIn({ role: 'rep' })];
  const keep = (name: string, filters: object) => rosa.post('/me/lead-views', { name, filters });
  const { status, body: kept } = await keep('Berlin', { country: 'DE', status: 'running' });
  expect(status).toBe(201);
  expect((await keep(' Berlin ', { country: 'AT' })).body).toEqual({ ...kept, filters: { country: 'AT' } });
  expect((await keep('A', { unowned: 'true' })).status).toBe(201);
  expect((await keep('Bad', { 'no filter': 'x' })).status).toBe(400);
  const list = async (client: typeof rosa) =>
    (await client.get('/me/lead-views')).body.items.map(({ name }: { name: string }) => name);
  expect(await list(rosa)).toEqual(['A', 'Berlin']);
  expect(await list(other)).toEqual([]);
  expect((await other.call('DELETE', `/me/lead-views/${kept.id}`)).status).toBe(404);
  expect((await rosa.call('DELETE', `/me/lead-views/${kept.id}`)).status).toBe(204);
  expect(await list(rosa)).toEqual(['A']);
});

test('nobody has more than a hundred views', async () => {
  const rosa = await api.signedIn({ role: 'rep' });
  await api.db.query(
    `insert into lead_views (user_id, name, filters) select $1, 'View ' || n, '{}' from generate_series(1, 100) n`,
    [rosa.user.id],
  );
  const keep = (name: string) => rosa.post('/me/lead-views', { name, filters: { country: 'DE' } });
  const { status, body } = await keep('One more');
  expect([status, body.code]).toEqual([409, 'too_many']);
  expect((await keep('View 7')).status).toBe(201);
});

test('words that a view searches for go when the person whom they name is erased; those of others stay', async () => {
  const rosa = await api.signedIn();
  const { id } = await makeLead(api.db, { firstName: 'Gülşah', lastName: 'Işık', email: 'g@isik.test' });
  for (const [name, q] of [
    ['Her', 'GÜLŞAH  isik.test'],
    // The list finds her by either letter, too.
    ['Hers', 'ışık'],
    ['Another', 'gülşah kaya'],
  ])
    await rosa.post('/me/lead-views', { name, filters: { q, country: 'TR' } });
  await rosa.post(`/leads/${id}/erase`, { name: 'Gülşah Işık' });
  const { body } = await rosa.get('/me/lead-views');
  expect(body.items).toMatchObject([
    { name: 'Another', filters: { q: 'gülşah kaya', country: 'TR' } },
    { name: 'Her', filters: { country: 'TR' } },
    { name: 'Hers', filters: { country: 'TR' } },
  ]);
  for (const { filters } of body.items.slice(1)) expect(filters).not.toHaveProperty('q');
});

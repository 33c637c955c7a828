import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makeLead } from '../../support/factories.ts';
import { startApi, type TestApi } from './support.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

test('a name with İ, I, ı or i is found by each of them, in the list and in the search', async () => {
  await makeLead(api.db, { firstName: 'İrem', lastName: 'Işık', email: 'one@letters.test' });
  await makeLead(api.db, { firstName: 'ILGIN', lastName: 'YILDIZ', email: 'two@letters.test' });
  const rosa = await api.signedIn();
  const found = async (path: string, q: string) =>
    (await rosa.get(`${path}?q=${encodeURIComponent(q)}`)).body;
  for (const [q, email] of [
    ['İrem', 'one'],
    ['irem', 'one'],
    ['IREM', 'one'],
    ['ışık', 'one'],
    ['IŞIK', 'one'],
    ['yıldız', 'two'],
    ['Yildiz', 'two'],
    ['ılgın', 'two'],
  ] as const) {
    const list = await found('/leads', q);
    expect([q, list.items.map((lead: { email: string }) => lead.email)]).toEqual([
      q,
      [`${email}@letters.test`],
    ]);
    const search = await found('/search', q);
    expect([q, search.leads.map((lead: { email: string }) => lead.email)]).toEqual([
      q,
      [`${email}@letters.test`],
    ]);
  }
  // What means something to the pattern is only text.
  expect((await found('/leads', '[iı].*(')).items).toEqual([]);
});

/** What people open in a spreadsheet. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { beginSession } from '../../../db/access/sessions.ts';
import { makeLead } from '../../support/factories.ts';
import { startApi, type Client, type TestApi } from './support.ts';

let api: TestApi;
let admin: Client;
beforeAll(async () => {
  api = await startApi();
  admin = await api.signedIn();
  await makeLead(api.db, { firstName: 'Şule', lastName: 'Işık' });
});
afterAll(() => api.close());

test.each(['/leads.csv', '/analytics/summary.csv?from=2026-03-01&to=2026-03-31', '/analytics/forecast.csv'])(
  '%s says by its first bytes that it is UTF-8, and to who decodes it nothing else',
  async (path) => {
    const cookie = `cadenza=${await beginSession(api.db, admin.user.id)}`;
    const answer = await fetch(`${api.url}/v1${path}`, { headers: { cookie } });
    const bytes = new Uint8Array(await answer.arrayBuffer());
    expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    const text = new TextDecoder().decode(bytes);
    expect(text).toMatch(/^\w/);
    if (path === '/leads.csv') expect(text).toContain('Şule');
  },
);

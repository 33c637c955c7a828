/** What is told of a request that cannot be taken: for programs where, for people in a sentence. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makeLead } from '../../support/factories.ts';
import { startApi, type Client, type TestApi } from './support.ts';

let api: TestApi;
let admin: Client;
let lead: string;
beforeAll(async () => {
  api = await startApi();
  admin = await api.signedIn();
  lead = `/leads/${(await makeLead(api.db)).id}`;
});
afterAll(() => api.close());

const JSON_TYPE = { 'content-type': 'application/json' };
const to = randomUUID();

test.each([
  [
    'a field',
    ['POST', '/users', { email: 'no', name: 'A', role: 'rep' }],
    { '/email': /Invalid email/ },
    /^The body is not right at \/email: .*\.$/,
  ],
  ['the whole', ['POST', '/users', []], { '': /expected object/ }, /^The body is not right: .*\.$/],
  [
    'a field that is not there',
    ['POST', '/users', { email: 'a@b.test', name: 'A' }],
    { '/role': /^missing: expected one of "rep"/ },
    /\/role: missing/,
  ],
  ['the address', ['GET', '/leads/none'], { '/id': /UUID/ }, /^The address is not right at \/id: .*\.$/],
  [
    'the query',
    ['GET', '/leads?limit=999'],
    { '/limit': /200/ },
    /^The query is not right at \/limit: .*\.$/,
  ],
  [
    'a name that is none, with a slash in it',
    ['PATCH', '/leads/:id', { attributes: { 'a/b~c': 'x' } }],
    { '/attributes/a~1b~0c': /^no name for this: Invalid string/ },
    /a~1b~0c/,
  ],
  [
    'a value that is none of the types that there are',
    ['PATCH', '/leads/:id', { attributes: { size: [] } }],
    { '/attributes/size': /^fits none of its forms: .*expected string.*; or .*expected number/ },
    /expected string/,
  ],
  [
    'what to do, of those that there are',
    ['POST', '/leads/bulk', { ids: [to], action: { do: 'fly' } }],
    { '/action/do': /^expected one of "owner", "attribute", "pause", "resume", "stop", "suppress"$/ },
    /one of "owner"/,
  ],
  [
    'a form with something wrong in it: that form',
    ['POST', `/users/${to}/hand-over`, { to, leads: { ids: ['x'] } }],
    { '/leads/ids/0': /UUID/ },
    /\/leads\/ids\/0/,
  ],
  [
    'none of the forms: each of them',
    ['POST', `/users/${to}/hand-over`, { to, leads: {} }],
    {
      '/leads':
        /^fits none of its forms: \/ids missing: expected array; or \/sequence missing: expected string$/,
    },
    /\/ids missing/,
  ],
  [
    'a text that is none of the forms',
    ['POST', `/users/${to}/hand-over`, { to, leads: 'some' }],
    { '/leads': /^fits none of its forms: .*expected "all"; or .*expected object/ },
    /"all"/,
  ],
] as const)('%s', async (_what, [method, path, body], errors, detail) => {
  const answer = await admin.call(method, path.replace('/leads/:id', lead), body, { 'if-match': '*' });
  expect(answer).toMatchObject({ status: 400, body: { code: 'bad_request' } });
  expect(answer.body.detail).toMatch(detail);
  expect(answer.body.errors).toEqual(
    Object.entries(errors).map(([where, message]) => ({
      path: where,
      message: expect.stringMatching(message as RegExp),
    })),
  );
});

test('a body of another type than the operation takes is refused with those that it takes', async () => {
  for (const [path, type, body, taken] of [
    ['/users', 'text/xml', '<x/>', 'This takes application/json: not text/xml.'],
    ['/users', 'text/csv', 'a,b', 'This takes application/json: not text/csv.'],
    ['/imports', 'application/json', '{}', 'This takes text/csv: not application/json.'],
    ['/imports', 'application/yaml', 'a: b', 'This takes text/csv: not application/yaml.'],
  ] as const)
    expect(await admin.post(path, body, { 'content-type': type })).toMatchObject({
      status: 415,
      body: { code: 'unsupported_media_type', detail: taken },
    });
  const untold = await fetch(`${api.url}/v1/imports`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await keyOf()}` },
    body: new Blob(['email\na@b.test']).stream(),
    duplex: 'half',
  } as RequestInit);
  expect([untold.status, (await untold.json()) as unknown]).toMatchObject([
    415,
    { detail: 'This takes text/csv: say so in Content-Type.' },
  ]);
  expect(await admin.post('/users', '{}', { 'content-type': 'nonsense' })).toMatchObject({
    status: 415,
    body: { code: 'unsupported_media_type' },
  });
  const upper = { 'content-type': 'Application/JSON; charset=utf-8' };
  expect((await admin.post(`${lead}/pause`, '{}', upper)).status).toBe(200);
});

async function keyOf(): Promise<string> {
  const { body } = await admin.post('/me/api-keys', { name: 'one', scopes: ['leads:write'] });
  return body.secret;
}

test('a file without anything in it is told to be empty', async () => {
  for (const file of ['', ' \n\n'])
    expect(await admin.post('/imports', file, { 'content-type': 'text/csv' })).toMatchObject({
      status: 422,
      body: { code: 'bad_csv', detail: expect.stringMatching(/^The file is empty.*\.$/) },
    });
});

test('a command that needs nothing may come without a body, with or without saying of which type it would be', async () => {
  for (const headers of [{}, JSON_TYPE])
    for (const what of ['pause', 'resume', 'stop'])
      expect([what, (await admin.post(`${lead}/${what}`, undefined, headers)).status]).toEqual([what, 200]);
  const { body } = await admin.post(`${lead}/events`);
  expect(body).toMatchObject({ status: 400, code: 'bad_request', detail: 'The body is missing.' });
  const unchanged = await admin.call('PATCH', lead, undefined, { 'if-match': '*' });
  expect(unchanged).toMatchObject({ status: 400, body: { detail: 'The body is missing.' } });
});

/** What people name is found within what they see; the lists by which the terminal works. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makeLead, makeSender } from '../../support/factories.ts';
import { scriptedProvider } from '../../support/enrollment-host.ts';
import { makeMessage, makeTask } from './desk-support.ts';
import { startApi, type Client, type TestApi } from './support.ts';

const HOUR = 3_600_000;
const provider = scriptedProvider();
let api: TestApi;
let admin: Client;
let rep: Client;
beforeAll(async () => {
  api = await startApi({
    secrets: { decrypt: (text: string) => text, encrypt: (text: string) => text } as never,
    providers: { get: () => provider } as never,
  });
  admin = await api.signedIn({ email: 'boss@acme.test' });
  rep = await api.signedIn({ role: 'rep', name: 'rosa', team: 'north' });
});
afterAll(() => api.close());

const found = async (client: Client, path: string) => {
  const { status, body } = await client.get(path);
  return status === 200 ? body.id : `${status} ${body.code}`;
};

test('a lead is found by what people call it, among those that one sees', async () => {
  const [ada, twin] = [
    await makeLead(api.db, { owner: 'rosa', firstName: 'Ada', lastName: 'Named' }),
    await makeLead(api.db, { owner: 'otto', firstName: 'Ada', lastName: 'Named' }),
  ];
  await api.db.query(`insert into lead_identities (kind, value, lead_id) values ('external', 'crm-7', $1)`, [
    twin.id,
  ]);
  expect(await found(rep, '/leads/find?lead=ADA%20named')).toBe(ada.id);
  expect(await found(admin, '/leads/find?lead=ada%20named')).toBe('422 ambiguous');
  expect(await found(admin, '/leads/find?lead=crm-7')).toBe(twin.id);
  expect(await found(rep, '/leads/find?lead=crm-7')).toBe('404 not_found');
  expect(await found(rep, `/leads/find?lead=${twin.id}`)).toBe('404 not_found');
});

test('tasks, messages and answers are found by how their ids begin, each within what one sees', async () => {
  const task = await makeTask(api.db, { owner: 'otto', dueAt: api.clock.now() });
  const { id: senderId } = await makeSender(api.db, { channel: 'email' });
  const message = await makeMessage(api.db, { leadId: task.leadId, senderId, at: api.clock.now() });
  const { body: reply } = await admin.post(`/inbox/leads/${task.leadId}/replies`, { text: 'Hello' });
  for (const [path, id] of [
    ['/tasks/find', task.id],
    ['/inbox/messages/find', message],
    ['/replies/find', reply.id],
  ]) {
    expect(await found(admin, `${path}?id=${id.slice(0, 8).toUpperCase()}`)).toBe(id);
    expect(await found(admin, `${path}?id=${id}`)).toBe(id);
    expect(await found(rep, `${path}?id=${id}`)).toBe('404 not_found');
    expect(await found(admin, `${path}?id=${id.slice(0, 3)}`)).toBe('404 not_found');
  }
  await api.db.query(
    `update tasks set id = overlay(id::text placing '0000' from 1)::uuid where lead_id = $1`,
    [task.leadId],
  );
  const other = await makeTask(api.db, { owner: 'rosa', dueAt: api.clock.now() });
  await api.db.query(`update tasks set id = overlay(id::text placing '0000' from 1)::uuid where id = $1`, [
    other.id,
  ]);
  expect(await found(admin, '/tasks/find?id=0000')).toBe('422 ambiguous');
  expect(await found(rep, '/tasks/find?id=0000')).toBe(`0000${other.id.slice(4)}`);
});

test('every message is listed, the newest first, in pages, of what one sees', async () => {
  const [mine, others] = [
    await makeLead(api.db, { owner: 'rosa' }),
    await makeLead(api.db, { owner: 'otto' }),
  ];
  const at = api.clock.now();
  const old = await makeMessage(api.db, { leadId: mine.id, at: at - 2 * HOUR, settled: true });
  const [first, second] = [
    await makeMessage(api.db, { leadId: mine.id, at: at - HOUR }),
    await makeMessage(api.db, { leadId: mine.id, at }),
  ];
  await makeMessage(api.db, { leadId: others.id, at });
  const ids = async (query: string) =>
    (await rep.get(`/inbox/messages?${query}`)).body.items.map((one: { id: string }) => one.id);
  expect(await ids('')).toEqual([second, first]);
  expect(await ids('state=all')).toEqual([second, first, old]);
  const { body } = await rep.get('/inbox/messages?limit=1');
  expect(await ids(`limit=1&cursor=${body.next}`)).toEqual([first]);
});

test('tasks are listed by launch, with what to say when that is asked for', async () => {
  const task = await makeTask(api.db, { owner: 'rosa', dueAt: api.clock.now(), body: 'Say hello.' });
  await makeTask(api.db, { owner: 'rosa', dueAt: api.clock.now() });
  const { launchId } = (await rep.get(`/tasks/${task.id}`)).body.task;
  const list = async (query: string) => (await rep.get(`/tasks?launchId=${launchId}${query}`)).body.items;
  expect(await list('')).toMatchObject([{ id: task.id, launchId, body: null }]);
  expect(await list('&bodies=true&sort=dueAt')).toMatchObject([{ id: task.id, body: 'Say hello.' }]);
});

test('leads go out as CSV by a condition; where a lead must not be contacted is told', async () => {
  const lead = await makeLead(api.db, { owner: 'rosa', lastName: 'Portuguese' });
  await api.db.query(`update leads set country = 'PT' where id = $1`, [lead.id]);
  const csv = async (where: string) => rep.get(`/leads.csv?where=${encodeURIComponent(where)}`);
  const { body } = await csv('lead.country == "PT"');
  expect(body.trim().split('\r\n').slice(1)).toEqual([expect.stringContaining(lead.id)]);
  expect(await csv('lead.country ==')).toMatchObject({ status: 422, body: { code: 'bad_condition' } });
  const suppressed = async () => (await rep.get(`/leads/${lead.id}/suppressed`)).body;
  expect(await suppressed()).toEqual({ all: false, channels: [] });
  await rep.post(`/leads/${lead.id}/suppress`, { channel: 'sms' });
  expect(await suppressed()).toEqual({ all: false, channels: ['sms'] });
});

test('previews go to one’s own address only, by a mailbox; what is not published yet may be gone on with', async () => {
  const lead = await makeLead(api.db, { owner: 'rosa', firstName: 'Zoe' });
  const phone = await makeSender(api.db, { channel: 'call', name: 'Phone' });
  const source = `name: looked-at
steps:
  - id: hello
    email: { subject: Hi, body: 'Hello {{ lead.first_name }}' }
  - reactivate: { after: 30 days, with: later }
`;
  const send = (client: Client, more: object = {}) =>
    client.post('/sequences/looked-at/preview-mails', { source, lead: lead.id, others: ['later'], ...more });
  expect(await send(admin, { others: [] })).toMatchObject({ status: 422, body: { code: 'bad_sequence' } });
  expect(await send(rep)).toMatchObject({ status: 403 });
  expect(await send(admin, { senderId: phone.id })).toMatchObject({
    status: 422,
    body: { code: 'bad_sender', detail: expect.stringContaining('Phone is a sender for call') },
  });
  const theirs = await makeSender(api.db, { owner: 'someone@else.test' });
  const manager = await api.signedIn({ role: 'manager', team: 'north' });
  expect(await send(manager, { senderId: theirs.id })).toMatchObject({ status: 404 });
  expect(await send(admin)).toMatchObject({
    status: 200,
    body: { items: [{ step: 'hello', sent: true, detail: null }] },
  });
  expect(provider.sent.at(-1)).toMatchObject({ to: 'boss@acme.test', subject: '[Preview] Hi' });
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makeLead, makeSender, setTime, TUESDAY } from '../../support/factories.ts';
import { scriptedProvider } from '../../support/enrollment-host.ts';
import { makeMessage } from './desk-support.ts';
import { startApi, type TestApi } from './support.ts';

const HOUR = 3_600_000;
const provider = scriptedProvider();
let api: TestApi;
beforeAll(async () => {
  api = await startApi({
    secrets: { decrypt: (text: string) => text, encrypt: (text: string) => text } as never,
    providers: { get: () => provider } as never,
  });
  await setTime(api.db, TUESDAY);
});
afterAll(() => api.close());

let reps = 0;
const newRep = () => api.signedIn({ role: 'rep', name: `Rep ${reps++}` });
type Rep = Awaited<ReturnType<typeof newRep>>;
const leadOf = (rep: Rep, firstName = 'Ada') => makeLead(api.db, { owner: rep.user.email, firstName });
const ids = async (rep: Rep, query = '') =>
  (await rep.get(`/inbox?${query}`)).body.items.map((one: { id: string }) => one.id);

test('the inbox has one line for each conversation, the newest first, by channel, class and what waits, in pages', async () => {
  const rep = await newRep();
  const [ada, bob] = [await leadOf(rep), await leadOf(rep, 'Bob')];
  await makeMessage(api.db, { leadId: ada.id, at: TUESDAY - 3 * HOUR });
  const second = await makeMessage(api.db, { leadId: ada.id, at: TUESDAY - HOUR });
  const bobs = await makeMessage(api.db, { leadId: bob.id, at: TUESDAY - 2 * HOUR, channel: 'sms' });
  const settled = await makeMessage(api.db, { leadId: bob.id, at: TUESDAY, settled: true });
  expect(await ids(rep)).toEqual([second, bobs]);
  expect((await rep.get('/inbox')).body.items[0]).toMatchObject({
    name: 'Ada Lovelace',
    waiting: 2,
    unconfirmed: false,
  });
  expect(await ids(rep, 'state=all')).toEqual([settled, second]);
  expect(await ids(rep, 'channel=sms')).toEqual([bobs]);
  expect(await ids(rep, 'class=bounce')).toEqual([]);
  const { body } = await rep.get('/inbox?limit=1');
  expect(await ids(rep, `limit=1&cursor=${body.next}`)).toEqual([bobs]);
});

test('a reply goes out once by its key, in the thread; what is unconfirmed waits for its rep', async () => {
  const [rep, other] = [await newRep(), await newRep()];
  const { id: senderId } = await makeSender(api.db, { channel: 'email' });
  const lead = await leadOf(rep);
  const messageId = await makeMessage(api.db, { leadId: lead.id, senderId, at: TUESDAY - HOUR });
  const path = `/inbox/leads/${lead.id}`;
  const answer = (client: Rep, key: string, text = 'Tuesday at ten?') =>
    client.post(`${path}/replies`, { text }, { 'idempotency-key': key });
  expect((await answer(other, 'k')).status).toBe(404);
  const [first, again] = [await answer(rep, 'k'), await answer(rep, 'k')];
  expect(first).toMatchObject({ status: 200, body: { state: 'sent', leadId: lead.id } });
  expect(again.body).toEqual(first.body);
  // Also when nobody remembers the answer to the first request.
  await api.db.query('delete from idempotency_keys');
  expect((await answer(rep, 'k')).body).toMatchObject({ id: first.body.id });
  expect(provider.sent.map(({ to, text }) => [to, text])).toEqual([['ada@lead.example', 'Tuesday at ten?']]);
  expect(await ids(rep)).not.toContain(messageId);
  expect((await rep.get(path)).body).toMatchObject({
    lead: { id: lead.id, timeZone: 'Europe/Berlin' },
    items: [
      { from: 'lead', body: 'Tell me more.' },
      { from: 'us', state: 'sent' },
    ],
  });
  expect((await other.get(path)).status).toBe(404);

  await makeMessage(api.db, { leadId: lead.id, senderId, at: TUESDAY });
  provider.respond = () => ({ kind: 'unknown', code: 'timeout', detail: 'no answer' });
  const unknown = await answer(rep, 'k2');
  expect(unknown.body).toMatchObject({ state: 'unconfirmed' });
  expect((await rep.get('/inbox')).body.items[0]).toMatchObject({ unconfirmed: true });
  const settle = (client: Rep) => client.post(`/replies/${unknown.body.id}/settle`, { sent: true });
  expect((await settle(other)).status).toBe(404);
  expect((await settle(rep)).body).toMatchObject({ state: 'sent' });
  expect(await settle(rep)).toMatchObject({ status: 409, body: { code: 'not_unconfirmed' } });
});

test('a class settles a message, a person says whose a stranger’s is, and another rep’s lead is nobody’s to choose', async () => {
  const [rep, other] = [await newRep(), await newRep()];
  const [lead, foreign] = [await leadOf(rep), await leadOf(other)];
  const known = await makeMessage(api.db, { leadId: lead.id, at: TUESDAY - HOUR });
  const guessed = await makeMessage(api.db, { maybeLeadId: lead.id, at: TUESDAY });
  const strange = await makeMessage(api.db, { at: TUESDAY });
  expect(await ids(rep)).toEqual([guessed, known]);
  expect(await ids(await api.signedIn(), 'limit=200')).toContain(strange);
  expect((await rep.get('/inbox')).body.items[0]).toMatchObject({
    leadId: null,
    maybe: { leadId: lead.id, name: 'Ada Lovelace' },
  });
  for (const what of ['class', 'match'])
    expect(
      (
        await other.post(
          `/inbox/messages/${guessed}/${what}`,
          what === 'class' ? { class: 'other' } : { leadId: null },
        )
      ).status,
    ).toBe(404);
  expect((await rep.post(`/inbox/messages/${guessed}/match`, { leadId: foreign.id })).status).toBe(404);
  expect((await rep.post(`/inbox/messages/${guessed}/match`, { leadId: null })).body).toEqual({
    leadId: lead.id,
  });
  expect(await rep.post(`/inbox/messages/${guessed}/match`, { leadId: null })).toMatchObject({
    status: 409,
    body: { code: 'already_done' },
  });
  expect((await rep.post(`/inbox/messages/${known}/class`, { class: 'interested' })).body).toEqual({
    leadId: lead.id,
  });
  expect((await rep.post(`/inbox/messages/${guessed}/class`, { class: 'unsubscribe' })).status).toBe(200);
  expect(await ids(rep)).toEqual([]);
});

test('the mail as it came is a download, its HTML is data; both are the lead’s owner’s', async () => {
  const [rep, other] = [await newRep(), await newRep()];
  const lead = await leadOf(rep);
  const raw =
    'From: ada@lead.example\r\nContent-Type: text/html\r\n\r\n<p>Hi <img src=x onerror="alert(1)"></p>\r\n';
  const mail = await makeMessage(api.db, { leadId: lead.id, at: TUESDAY, raw });
  const none = await makeMessage(api.db, { leadId: lead.id, at: TUESDAY });
  const download = await rep.get(`/inbox/messages/${mail}/raw`);
  expect(download).toMatchObject({ status: 200, body: raw });
  expect(download.headers.get('content-type')).toBe('message/rfc822');
  expect(download.headers.get('content-disposition')).toMatch(/^attachment; /);
  const html = await rep.get(`/inbox/messages/${mail}/html`);
  expect(html.headers.get('content-type')).toMatch(/^text\/html/);
  expect(html.headers.get('content-security-policy')).toMatch(
    /^sandbox (?!.*allow-(scripts|same-origin)).*img-src data:;/,
  );
  const withImages = await rep.get(`/inbox/messages/${mail}/html?images=true`);
  expect(withImages.headers.get('content-security-policy')).toContain('img-src data: https:');
  expect(html.body).toContain('<p>Hi <img src=x onerror="alert(1)"></p>');
  expect((await rep.get(`/inbox/messages/${none}/raw`)).status).toBe(410);
  expect((await rep.get(`/inbox/messages/${none}/html`)).status).toBe(404);
  for (const what of ['raw', 'html'])
    expect((await other.get(`/inbox/messages/${mail}/${what}`)).status).toBe(404);
});

test('snippets are one’s own or everybody’s; a change meanwhile is noticed', async () => {
  const [rep, other, boss] = [await newRep(), await newRep(), await api.signedIn({ role: 'manager' })];
  const own = await rep.post('/snippets', { name: 'Times', text: 'Tuesday at ten?' });
  expect(own).toMatchObject({ status: 201, body: { ownerId: rep.user.id } });
  expect((await rep.post('/snippets', { name: 'times', text: 'x' })).body).toMatchObject({
    code: 'bad_name',
  });
  expect((await rep.post('/snippets', { name: 'All', text: 'x', shared: true })).status).toBe(403);
  const shared = await boss.post('/snippets', { name: 'All', text: 'Thanks', shared: true });
  const names = async (client: Rep) =>
    (await client.get('/snippets')).body.items.map(({ name }: { name: string }) => name);
  expect(await names(rep)).toEqual(['All', 'Times']);
  expect(await names(other)).toEqual(['All']);
  const path = `/snippets/${own.body.id}`;
  expect((await other.get(path)).status).toBe(404);
  expect((await other.call('DELETE', path)).status).toBe(404);
  expect((await rep.call('DELETE', `/snippets/${shared.body.id}`)).status).toBe(403);
  const etag = own.headers.get('etag')!;
  const change = () => rep.call('PUT', path, { name: 'Times', text: 'At nine?' }, { 'if-match': etag });
  expect((await change()).body).toMatchObject({ text: 'At nine?', version: 2 });
  expect((await change()).status).toBe(412);
  expect((await rep.call('DELETE', path)).status).toBe(204);
  expect(await names(rep)).toEqual(['All']);
});

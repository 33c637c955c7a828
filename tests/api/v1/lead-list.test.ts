import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeVersion,
  touchNode,
} from '../../support/factories.ts';
import { recountAll } from '../../../db/analytics/recount.ts';
import { until } from '../../support/until.ts';
import { startApi, type Client, type TestApi } from './support.ts';

let api: TestApi;
let admin: Client;
let rep: Client;
beforeAll(async () => {
  api = await startApi();
  admin = await api.signedIn();
  rep = await api.signedIn({ role: 'rep', name: 'Deniz Ak', knownAs: ['deniz'] });
});
afterAll(() => api.close());

const keyOfAdmin = async () => {
  const made = await admin.post('/me/api-keys', { name: 'import', scopes: ['leads:write'] });
  return made.body.secret as string;
};
const names = (answer: { body: { items: { name: string }[] } }) => answer.body.items.map(({ name }) => name);

test('leads are found by parts of words, by what they are and by what they did', async () => {
  const ada = await makeLead(api.db, { firstName: 'Ada', lastName: 'Löwe', owner: 'deniz' });
  await makeLead(api.db, { firstName: 'Bob', lastName: 'Stone', owner: 'mia' });
  const version = await makeVersion(api.db, { plan: makePlan([touchNode('mail', 'email')]) });
  const launch = await makeLaunch(api.db, { versionId: version.id });
  await makeEnrollment(api.db, { launchId: launch.id, leadId: ada.id });
  await api.db.query(
    `insert into lead_events (lead_id, type, at) values ($1, 'clicked', business_now() - interval '3 days')`,
    [ada.id],
  );
  expect(names(await admin.get('/leads?q=l%C3%B6w%20AD'))).toEqual(['Ada Löwe']);
  expect(names(await admin.get('/leads?owner=mia'))).toEqual(['Bob Stone']);
  expect(names(await admin.get('/leads?did=clicked&withinDays=4'))).toEqual(['Ada Löwe']);
  expect(names(await admin.get('/leads?did=clicked&withinDays=2'))).toEqual([]);
  expect(names(await admin.get(`/leads?launchId=${launch.id}`))).toEqual(['Ada Löwe']);
  expect(names(await admin.get('/leads?status=none&q=stone'))).toEqual(['Bob Stone']);
  expect((await admin.get('/leads/count?q=stone')).body).toEqual({ count: 1, more: false });
  // A rep finds only what is the rep's.
  expect(names(await rep.get('/leads?q=stone'))).toEqual([]);
  expect((await rep.get('/leads/facets')).body.owners).toEqual(['deniz']);
});

test('silent are those who were reached, and neither reached nor heard of since, whenever it was counted', async () => {
  const version = await makeVersion(api.db, { plan: makePlan([touchNode('mail', 'email')]) });
  const launch = await makeLaunch(api.db, { versionId: version.id });
  const reached = async (lastName: string, days: number, status: 'finished' | 'running' = 'finished') => {
    const { id: leadId } = await makeLead(api.db, { firstName: 'Sil', lastName, owner: 'sil' });
    const { id } = await makeEnrollment(api.db, { launchId: launch.id, leadId, status });
    await touch(id, leadId, days, 1);
    return { id, leadId };
  };
  const touch = (id: string, leadId: string, days: number, attempt: number) =>
    api.db.query(
      `insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, state, slot_at, local_day, at)
       select $1, $2, 'mail', 1, $3, 'email', 'email', 'sent', at, at::date, at from (select business_now() - make_interval(days => $4) as at) x`,
      [id, leadId, attempt, days],
    );
  const heard = (leadId: string, days: number) =>
    api.db.query(
      `insert into lead_events (lead_id, type, at) values ($1, 'opened', business_now() - make_interval(days => $2))`,
      [leadId, days],
    );
  await reached('Silent', 40);
  await reached('Underway', 40, 'running');
  await reached('Recent', 10);
  const late = await reached('Late', 40);
  const opened = await reached('Opened', 40);
  await heard(opened.leadId, 10);
  const again = await reached('Again', 40);
  await makeLead(api.db, { firstName: 'Sil', lastName: 'Never', owner: 'sil' });
  await recountAll(api.db);
  // Of these nothing is counted yet.
  await touch(late.id, late.leadId, 5, 2);
  await heard(again.leadId, 5);
  expect(names(await admin.get('/leads?owner=sil&silentDays=30'))).toEqual(['Sil Silent']);
  await recountAll(api.db);
  expect(names(await admin.get('/leads?owner=sil&silentDays=30'))).toEqual(['Sil Silent']);
  expect(names(await admin.get('/leads?owner=sil&silentDays=4&sort=name'))).toEqual(
    ['Again', 'Late', 'Opened', 'Recent', 'Silent'].map((name) => `Sil ${name}`),
  );
});

test('leads are found by title, persona and language', async () => {
  for (const [lastName, title, persona, locale] of [
    ['Titled', 'Head of Growth', 'buyer', 'de-AT'],
    ['Titleless', null, 'user', 'den'],
    ['Percent', '100% growth_hacker', null, 'de'],
  ]) {
    const { id } = await makeLead(api.db, { firstName: 'Gro', lastName: lastName!, owner: 'gro' });
    await api.db.query('update leads set title = $2, persona = $3, locale = $4 where id = $1', [
      id,
      title,
      persona,
      locale,
    ]);
  }
  const found = async (query: string) =>
    names(await admin.get(`/leads?owner=gro&sort=name&${query}`)).map((name) => name.replace('Gro ', ''));
  expect(await found('title=growth')).toEqual(['Percent', 'Titled']);
  expect(await found('title=0%25%20GROWTH_')).toEqual(['Percent']);
  expect(await found('persona=Buyer')).toEqual(['Titled']);
  expect(await found('language=de')).toEqual(['Percent', 'Titled']);
  expect(await found('language=de-at')).toEqual(['Titled']);
  expect((await admin.get('/leads/facets')).body).toMatchObject({
    personas: ['buyer', 'user'],
    languages: expect.arrayContaining(['de', 'de-AT', 'den']),
  });
  expect((await rep.get('/leads/facets')).body).toMatchObject({ personas: [], languages: [] });
});

test.each(['name', '-name', 'company', 'createdAt', '-createdAt'])(
  'pages sorted by %s hold everybody once',
  async (sort) => {
    for (let i = 0; i < 7; i++) await makeLead(api.db, { firstName: `Page${i % 3}`, lastName: 'Sorted' });
    const whole = await admin.get(`/leads?sort=${sort}&limit=200&q=sorted`);
    const seen: string[] = [];
    for (let cursor: string | null = null; ;) {
      const page = await admin.get(
        `/leads?sort=${sort}&limit=2&q=sorted${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
      );
      seen.push(...page.body.items.map(({ id }: { id: string }) => id));
      cursor = page.body.next;
      if (cursor === null) break;
    }
    expect(seen).toEqual(whole.body.items.map(({ id }: { id: string }) => id));
    expect(new Set(seen).size).toBe(seen.length);
  },
);

test('a place in one order is none in another', async () => {
  for (const lastName of ['One', 'Two']) await makeLead(api.db, { firstName: 'Place', lastName });
  const { next } = (await admin.get('/leads?sort=name&limit=1')).body;
  for (const sort of ['company', '-name', 'createdAt', '-createdAt'])
    expect(await admin.get(`/leads?sort=${sort}&limit=1&cursor=${next}`)).toMatchObject({
      status: 400,
      body: { code: 'bad_cursor' },
    });
  expect((await admin.get(`/leads?sort=name&limit=2&cursor=${next}`)).status).toBe(200);
});

test('a lead is added and changed by hand, in the form in which leads are kept, and never over somebody else’s change', async () => {
  const added = await admin.post('/leads', {
    firstName: ' Grace ',
    lastName: 'Hopper',
    emails: ['Grace@Navy.test'],
    country: 'Germany',
    phones: ['030 901820'],
    attributes: { seats: '12' },
  });
  expect(added).toMatchObject({
    status: 201,
    body: {
      firstName: 'Grace',
      emails: ['grace@navy.test'],
      country: 'DE',
      phones: ['+4930901820'],
      attributes: { seats: 12 },
    },
  });
  const path = `/leads/${added.body.id}`;
  const etag = added.headers.get('etag')!;
  const changed = await admin.call('PATCH', path, { title: 'Admiral' }, { 'if-match': etag });
  expect(changed).toMatchObject({ status: 200, body: { title: 'Admiral', firstName: 'Grace' } });
  expect(await admin.call('PATCH', path, { title: 'Captain' }, { 'if-match': etag })).toMatchObject({
    status: 412,
    body: { code: 'changed_meanwhile' },
  });
  expect(await admin.call('PATCH', path, { emails: ['no address'] }, { 'if-match': '*' })).toMatchObject({
    status: 422,
    body: { code: 'bad_lead' },
  });
  const other = await admin.post('/leads', { firstName: 'X', emails: ['grace@navy.test'] });
  expect(other).toMatchObject({ status: 409, body: { code: 'identity_taken' } });
  // What a rep adds is the rep's, and another's lead is not there for them.
  const own = await rep.post('/leads', { firstName: 'Own', emails: ['own@acme.test'], owner: 'mia' });
  expect(own.body.owner).toBe(rep.user.email);
  expect(await rep.call('PATCH', path, { title: 'x' })).toMatchObject({ status: 404 });
  expect(await rep.call('PATCH', `/leads/${own.body.id}`, { owner: 'mia' })).toMatchObject({ status: 403 });
});

test('one thing is done to many, but not to those of others', async () => {
  const mine = await makeLead(api.db, { firstName: 'Mine', owner: 'deniz' });
  const theirs = await makeLead(api.db, { firstName: 'Theirs', owner: 'mia' });
  const ids = [mine.id, theirs.id];
  const tagged = await rep.post('/leads/bulk', {
    ids,
    action: { do: 'attribute', name: 'tag', value: 'fair' },
  });
  expect(tagged.body).toEqual({ leads: 1 });
  expect((await admin.get('/leads?attribute=tag&is=fair')).body.items).toHaveLength(1);
  expect((await rep.post('/leads/bulk', { ids, action: { do: 'owner', owner: 'mia' } })).status).toBe(403);
  expect((await admin.post('/leads/bulk', { ids, action: { do: 'owner', owner: 'lea' } })).body).toEqual({
    leads: 2,
  });
  await admin.post('/leads/bulk', { ids, action: { do: 'pause' } });
  const { rows } = await api.db.query(
    `select count(*)::int as count from pauses where scope = 'lead' and scope_id = any($1::uuid[]) and ended_at is null`,
    [ids],
  );
  expect(rows[0]!.count).toBe(2);
});

test('the list goes out as CSV that a spreadsheet does not run', async () => {
  await makeLead(api.db, { firstName: '=HYPERLINK("x")', lastName: 'Formula', owner: 'deniz' });
  const csv = await rep.get('/leads.csv?q=formula');
  expect(csv.headers.get('content-type')).toContain('text/csv');
  expect(csv.body.split('\r\n')).toHaveLength(3);
  expect(csv.body).toContain(`'=HYPERLINK`);
  expect((await rep.get('/leads.csv?q=theirs')).body.split('\r\n')).toHaveLength(2);
});

test('a file is looked at, mapped, imported with what was not taken told, and launched on', async () => {
  const csv = [
    'Vorname,Mail,Etage',
    'Nora,nora@import.test,3',
    'Omar,omar@import.test,4',
    'Broken,not an address,5',
  ].join('\n');
  const sent = await rep.post('/imports?name=fair.csv', csv, { 'content-type': 'text/csv' });
  expect(sent).toMatchObject({ status: 201, body: { state: 'uploaded', name: 'fair.csv', kept: true } });
  const path = `/imports/${sent.body.id}`;
  const preview = await rep.post(`${path}/preview`, { mapping: { Etage: 'attributes.floor' } });
  expect(preview.body.columns).toEqual([
    { header: 'Vorname', target: 'first_name', samples: ['Nora', 'Omar', 'Broken'] },
    { header: 'Mail', target: 'email', samples: ['nora@import.test', 'omar@import.test', 'not an address'] },
    { header: 'Etage', target: 'attributes.floor', samples: ['3', '4', '5'] },
  ]);
  expect(preview.body.rows[2].problem).toContain('not an address');
  const run = await rep.post(`${path}/run`, { mapping: { Etage: 'attributes.floor' } });
  expect(run.status).toBe(202);
  const done = await until(async () => {
    const { body } = await rep.get(path);
    return body.state === 'done' ? body : null;
  }, 'the import');
  expect(done).toMatchObject({
    kept: false,
    hasRejects: true,
    report: { created: 2, rejected: { unreachable: 1 } },
  });
  expect((await rep.get(`${path}/rejects.csv`)).body).toContain('not an address');
  expect(await rep.post(`${path}/run`, {})).toMatchObject({ status: 409, body: { code: 'already_done' } });
  expect((await admin.get('/leads?attribute=floor&is=4')).body.items).toMatchObject([{ name: 'Omar' }]);
  // Somebody else's file is not there; an admin sees it.
  const other = await api.signedIn({ role: 'manager' });
  expect((await other.get(path)).status).toBe(404);
  const version = await makeVersion(api.db, { plan: makePlan([touchNode('mail', 'email')]) });
  const tried = await admin.post('/launches', {
    versionId: version.id,
    audience: { importId: sent.body.id },
    dryRun: true,
  });
  expect(tried.body.excluded).toMatchObject([{ reason: 'no_reachable_channel', count: 2 }]);
});

test('a file that is not UTF-8 is refused before anything of it is kept', async () => {
  const latin = Buffer.from('Vorname,Mail\nJürgen,j@import.test\n', 'latin1');
  const answer = await fetch(`${api.url}/v1/imports`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv', authorization: `Bearer ${await keyOfAdmin()}` },
    body: latin,
  });
  expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([422, 'bad_csv']);
});

test('what was suppressed by hand can be taken back, what a person wished cannot', async () => {
  const manager = await api.signedIn({ role: 'manager' });
  const lead = await makeLead(api.db, { firstName: 'Sup', email: 'sup@acme.test' });
  expect((await manager.post('/suppressions', { kind: 'email', value: 'Sup@acme.test' })).body).toMatchObject(
    { leads: 1 },
  );
  expect((await manager.post('/suppressions', { kind: 'domain', value: 'nodomain' })).status).toBe(422);
  const found = await manager.get('/suppressions?value=sup@acme.test');
  expect(found.body.items).toMatchObject([
    { kind: 'email', reason: 'by_hand', channel: null, wished: false },
  ]);
  const path = `/suppressions/${found.body.items[0].id}`;
  expect((await manager.call('DELETE', path)).status).toBe(403);
  expect((await admin.call('DELETE', path)).status).toBe(204);
  await admin.post(`/leads/${lead.id}/events`, { type: 'unsubscribed' });
  const wish = (await admin.get('/suppressions?value=sup@acme.test')).body.items[0];
  expect(wish).toMatchObject({ reason: 'unsubscribed', wished: true });
  expect(await admin.call('DELETE', `/suppressions/${wish.id}`)).toMatchObject({
    status: 409,
    body: { code: 'suppressed' },
  });
});

test('a whole domain is for who sees all leads, and counts those who fall under it, in a sequence or not', async () => {
  for (const email of ['a@whole.test', 'b@mail.whole.test', 'c@wholewhole.test'])
    await makeLead(api.db, { email });
  const domain = { kind: 'domain', value: 'whole.test' };
  const boss = await api.signedIn({ role: 'manager', team: 'north' });
  expect(await boss.post('/suppressions', domain)).toMatchObject({
    status: 403,
    body: { code: 'not_allowed', detail: expect.stringContaining('an admin or a manager without a team') },
  });
  expect((await boss.get('/suppressions?value=whole.test')).body.items).toEqual([]);
  expect((await boss.post('/suppressions', { kind: 'email', value: 'x@whole.test' })).status).toBe(201);
  const whole = await api.signedIn({ role: 'manager' });
  expect(await whole.post('/suppressions', domain)).toMatchObject({
    status: 201,
    body: { leads: 2, stopped: 0 },
  });
});

test('an export can be imported again, also where an attribute is named like a field of a lead', async () => {
  const sent = (
    await admin.post('/leads', {
      emails: ['round@trip.test'],
      attributes: { email: 'o@e.test', handy: 'yes', cadenza_id: 'x', _odd: 'o', plan: 'pro' },
    })
  ).body;
  const csv = (await admin.get(`/leads.csv?attribute=plan&is=pro`)).body as string;
  expect(csv).toContain(
    'consent_date,attributes._odd,attributes.cadenza_id,attributes.email,attributes.handy,plan\r\n',
  );
  await api.db.query('delete from leads where id = $1', [sent.id]);
  const { body } = await admin.post('/imports', csv, { 'content-type': 'text/csv' });
  await admin.post(`/imports/${body.id}/run`, {});
  const done = await until(async () => {
    const { body: now } = await admin.get(`/imports/${body.id}`);
    return now.state === 'done' || now.state === 'failed' ? now : null;
  }, 'the import');
  expect(done).toMatchObject({ state: 'done', report: { created: 1 } });
  const [again] = (await admin.get('/leads?attribute=plan&is=pro')).body.items;
  expect((await admin.get(`/leads/${again.id}`)).body).toMatchObject({
    emails: ['round@trip.test'],
    attributes: sent.attributes,
  });
});

test('an attribute is refused by a name that no object keeps, instead of being dropped', async () => {
  const { id } = await makeLead(api.db);
  const json = { 'if-match': '*', 'content-type': 'application/json' };
  for (const refused of [
    await admin.call('PATCH', `/leads/${id}`, '{"attributes":{"a":"1","__proto__":"v"}}', json),
    await admin.post('/leads', '{"emails":["p@p.test"],"attributes":{"__proto__":"v"}}', json),
    await admin.post('/leads/bulk', {
      ids: [id],
      action: { do: 'attribute', name: '__proto__', value: 'v' },
    }),
  ])
    expect(refused).toMatchObject({ status: 400, body: { code: 'bad_request' } });
});

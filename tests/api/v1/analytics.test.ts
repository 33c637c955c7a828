/** Analytics by HTTP, on a story whose numbers are counted by hand. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { recountAll } from '../../../db/analytics/recount.ts';
import { BEN, MARCH, ROSA, tellStory, type Story } from '../../support/analytics-story.ts';
import {
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeVersion,
  touchNode,
} from '../../support/factories.ts';
import { startApi, type Client, type TestApi } from './support.ts';

let api: TestApi;
let admin: Client;
let rosa: Client;
let story: Story;
beforeAll(async () => {
  api = await startApi({
    clock: {
      now: () => Date.parse('2026-03-31T12:00:00Z'),
      speed: () => 0,
      refresh: async () => {},
      close() {},
    },
  });
  story = await tellStory(api.db);
  rosa = await api.signedIn({ role: 'rep', email: ROSA, name: 'Rosa Lind' });
  admin = await api.signedIn();
  await recountAll(api.db);
});
afterAll(() => api.close());

const none = {
  sent: 0,
  delivered: 0,
  opened: 0,
  clicked: 0,
  answered: 0,
  positive: 0,
  meetings: 0,
  unsubscribed: 0,
  bounced: 0,
};
const EMAIL = {
  ...none,
  sent: 4,
  delivered: 3,
  opened: 1,
  clicked: 1,
  answered: 1,
  unsubscribed: 1,
  bounced: 1,
};
const LINKEDIN = { ...none, sent: 1, delivered: 1, answered: 1, positive: 1, meetings: 1 };
const CALL = { ...none, sent: 1, delivered: 1, answered: 1 };
const FEBRUARY = { ...none, sent: 1, delivered: 1 };

async function summary(query: string, client: Client = admin) {
  const { status, body } = await client.get(`/analytics/summary?${MARCH}&${query}`);
  expect({ status, body }).toMatchObject({ status: 200 });
  return body;
}
const keyed = (rows: { key: string | null; current: object }[]) =>
  Object.fromEntries(rows.map(({ key, current }) => [String(key), current]));

describe('the summary', () => {
  test('says what each channel brought, and what it brought before', async () => {
    const { rows, total, counted, range } = await summary('by=channel');
    expect(rows).toEqual([
      { key: 'email', label: 'email', sequence: null, current: EMAIL, previous: FEBRUARY },
      { key: 'call', label: 'call', sequence: null, current: CALL, previous: none },
      { key: 'linkedin', label: 'linkedin', sequence: null, current: LINKEDIN, previous: none },
    ]);
    expect(total).toEqual({
      current: {
        sent: 6,
        delivered: 5,
        opened: 1,
        clicked: 1,
        answered: 3,
        positive: 1,
        meetings: 1,
        unsubscribed: 1,
        bounced: 1,
      },
      previous: FEBRUARY,
    });
    expect(counted).toBe(true);
    expect(range).toEqual({ from: '2026-03-01', to: '2026-03-31', timeZone: 'Europe/Berlin' });
  });

  test('counts a touch at its local day, with what came of it later', async () => {
    const { rows } = await summary('by=day');
    expect(rows).toHaveLength(31);
    const days = keyed(rows);
    // Bo's left at half past eleven in UTC, which is the next day in Berlin.
    expect(days['2026-03-02']).toEqual({ ...none, sent: 1, delivered: 1, opened: 1, clicked: 1 });
    expect(days['2026-03-03']).toEqual({
      ...none,
      sent: 3,
      delivered: 2,
      answered: 1,
      unsubscribed: 1,
      bounced: 1,
    });
    expect(days['2026-03-04']).toEqual(LINKEDIN);
    expect(days['2026-03-06']).toEqual(none);
    const utc = await admin.get('/analytics/summary?from=2026-03-02&to=2026-03-02&by=day');
    expect(utc.body.rows[0].current).toMatchObject({ sent: 2, bounced: 1 });
  });

  test('by week begins with the range, then on Mondays', async () => {
    const { rows } = await summary('by=week');
    expect(
      rows.map(({ key, current }: { key: string; current: { sent: number } }) => [key, current.sent]),
    ).toEqual([
      ['2026-03-01', 0],
      ['2026-03-02', 6],
      ['2026-03-09', 0],
      ['2026-03-16', 0],
      ['2026-03-23', 0],
      ['2026-03-30', 0],
    ]);
  });

  test('by sequence, step, sender and rep', async () => {
    expect(keyed((await summary('by=sequence')).rows)).toMatchObject({ story: { sent: 6, answered: 3 } });
    const steps = (await summary('by=step')).rows;
    expect(steps[0]).toMatchObject({ key: 'hello', sequence: 'story', current: EMAIL });
    expect(keyed((await summary('by=sender')).rows)).toEqual({
      [story.mailbox]: EMAIL,
      null: { ...none, sent: 2, delivered: 2, answered: 2, positive: 1, meetings: 1 },
    });
    const reps = (await summary('by=rep')).rows;
    expect(
      reps.map(({ key, label, current }: never) => [key, label, (current as { sent: number }).sent]),
    ).toEqual([
      [ROSA, 'Rosa Lind', 3],
      [BEN, BEN, 2],
      [null, null, 1],
    ]);
  });

  test('within what is filtered', async () => {
    expect((await summary('by=channel&channel=linkedin')).total.current).toEqual(LINKEDIN);
    expect((await summary('by=channel&sequence=story&step=ring')).total.current).toEqual(CALL);
    expect((await summary('by=channel&sequence=other')).total.current).toEqual(none);
    expect((await summary(`senderId=${story.mailbox}`)).total.current).toEqual(EMAIL);
    expect((await summary(`launchId=${story.launchId}`)).total.current.sent).toBe(6);
    expect((await summary(`launchId=${story.mailbox}`)).total.current.sent).toBe(0);
    expect((await summary(`rep=${ROSA.toUpperCase()}`)).total.current.sent).toBe(3);
  });

  test('a rep sees the own, a manager the team’s and nobody’s', async () => {
    expect((await summary('by=channel', rosa)).total.current).toMatchObject({
      sent: 3,
      bounced: 1,
      answered: 1,
    });
    expect((await summary(`rep=${BEN}`, rosa)).total.current).toEqual(none);
    const manager = await api.signedIn({ role: 'manager', team: 'north' });
    await api.db.query(`update users set team = 'north' where email = $1`, [ROSA]);
    expect((await summary('by=rep', manager)).rows.map(({ key }: { key: string }) => key)).toEqual([
      ROSA,
      null,
    ]);
  });

  test('refuses what is no range', async () => {
    const refused = async (query: string) => (await admin.get(`/analytics/summary?${query}`)).status;
    expect(await refused('from=2026-03-02&to=2026-03-01')).toBe(422);
    expect(await refused('from=2024-01-01&to=2026-03-01')).toBe(422);
    expect(await refused('timeZone=Mars/Olympus')).toBe(400);
    expect(await refused('from=yesterday')).toBe(400);
    // The last 30 days until today.
    const { body } = await admin.get('/analytics/summary');
    expect(body.range).toEqual({ from: '2026-03-02', to: '2026-03-31', timeZone: 'UTC' });
  });

  test('is a table, too', async () => {
    await api.db.query(`update leads set owner = '=cmd()' where id = $1`, [story.leads.di]);
    await recountAll(api.db);
    const { body, headers } = await admin.get(`/analytics/summary.csv?${MARCH}&by=rep`);
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const lines = (body as string).trim().split('\r\n');
    expect(lines[0]).toMatch(/^key,label,sequence,sent,delivered,.*previous_bounced$/);
    expect(lines).toContain(`${ROSA},Rosa Lind,,3,2,1,1,1,1,1,0,1,0,0,0,0,0,0,0,0,0`);
    expect(lines.some((line) => line.startsWith(`'=cmd(),'=cmd(),`))).toBe(true);
  });
});

describe('attribution', () => {
  async function attribution(query: string, client: Client = admin) {
    const { status, body } = await client.get(`/analytics/attribution?${MARCH}&${query}`);
    expect({ status, body }).toMatchObject({ status: 200 });
    return Object.fromEntries(
      body.rows.map(({ channel, ...row }: { channel: string | null }) => [String(channel), row]),
    );
  }
  const usd = { currency: 'USD', amount: 1000, sales: 1 };
  const eur = { currency: 'EUR', amount: 5000, sales: 1 };

  test('by the last touch: LinkedIn had Ada’s answer, meeting and purchase, the call Cy’s', async () => {
    expect(await attribution('model=last')).toEqual({
      email: { sessions: 2, contacts: 0, qualified: 0, sales: 1, amounts: [usd] },
      linkedin: { sessions: 0, contacts: 1, qualified: 1, sales: 1, amounts: [eur] },
      call: { sessions: 0, contacts: 1, qualified: 0, sales: 0, amounts: [] },
    });
  });

  test('by the first touch everything began with an email', async () => {
    expect(await attribution('model=first')).toEqual({
      email: { sessions: 2, contacts: 2, qualified: 1, sales: 2, amounts: [eur, usd] },
    });
  });

  test('within the lookback: Ed’s email was 33 days before the purchase, Ada’s 18', async () => {
    expect(await attribution('model=first&lookbackDays=17')).toMatchObject({
      null: { sessions: 1, sales: 1, amounts: [usd] },
      linkedin: { sales: 1, amounts: [eur] },
      email: { sessions: 1, contacts: 2 },
    });
    expect(await attribution('model=last&lookbackDays=33')).toMatchObject({
      null: { sales: 1 },
    });
    expect(await attribution('model=last&lookbackDays=34')).not.toHaveProperty('null');
  });

  test('a rep sees the own', async () => {
    expect(await attribution('model=first', rosa)).toEqual({
      email: { sessions: 1, contacts: 1, qualified: 1, sales: 1, amounts: [eur] },
    });
  });

  test('the ways that leads went, the most usual first', async () => {
    const { body } = await admin.get(`/analytics/journeys?${MARCH}`);
    expect(body.rows).toEqual([
      { stage: 'sessions', path: ['email'], count: 2, share: 1 },
      { stage: 'contacts', path: ['email', 'linkedin'], count: 1, share: 0.5 },
      { stage: 'contacts', path: ['email', 'call'], count: 1, share: 0.5 },
      { stage: 'qualified', path: ['email', 'linkedin'], count: 1, share: 1 },
      { stage: 'sales', path: ['email'], count: 1, share: 0.5 },
      { stage: 'sales', path: ['email', 'linkedin'], count: 1, share: 0.5 },
    ]);
    const short = await admin.get(`/analytics/journeys?${MARCH}&lookbackDays=17&most=1`);
    expect(short.body.rows.at(-1)).toEqual({ stage: 'sales', path: [], count: 1, share: 0.5 });
  });

  test('both are tables, too', async () => {
    const rows = async (name: string) =>
      ((await admin.get(`/analytics/${name}.csv?${MARCH}`)).body as string).trim().split('\r\n');
    expect(await rows('attribution')).toEqual([
      'channel,sessions,contacts,qualified,sales,amount_EUR,amount_USD',
      'linkedin,0,1,1,1,5000,',
      'email,2,0,0,1,,1000',
      'call,0,1,0,0,,',
    ]);
    expect(await rows('journeys')).toContain('sales,email > linkedin,1,0.5');
  });
});

describe('the forecast', () => {
  beforeAll(async () => {
    const stand = async (owner: string | null, engine: object | null) => {
      const { id: leadId } = await makeLead(api.db, { owner });
      const { id } = await makeEnrollment(api.db, { launchId: story.launchId, leadId });
      await api.db.query('update enrollments set engine = $2 where id = $1', [id, engine]);
    };
    for (let i = 0; i < 10; i++) await stand(i < 4 ? ROSA : BEN, null);
    for (let i = 0; i < 2; i++) await stand(BEN, { state: { step: 'nudge' }, command: null });
    await recountAll(api.db);
  });
  const near = (expected: number, low: number, high: number) => ({
    expected: expect.closeTo(expected, 3),
    low: expect.closeTo(low, 3),
    high: expect.closeTo(high, 3),
  });

  test('is what came of those who stood there before, with Wilson’s interval', async () => {
    const { body } = await admin.get('/analytics/forecast?minimumCases=1');
    expect(body.steps).toEqual([
      {
        // Of five who stood there one answered well and met, and two bought, for 5,000 EUR and 1,000 USD: half of each a sale.
        sequence: 'story',
        step: 'hello',
        active: 10,
        cases: 5,
        tooFew: false,
        positive: near(2, 0.362, 6.245),
        meetings: near(2, 0.362, 6.245),
        sales: near(4, 1.176, 7.693),
        value: [
          { currency: 'EUR', ...near(10_000, 2940.519, 19_231.893) },
          { currency: 'USD', ...near(2000, 588.104, 3846.379) },
        ],
      },
      expect.objectContaining({ step: 'nudge', active: 2, cases: 1, positive: near(2, 0.413, 2) }),
    ]);
    expect(body.total).toMatchObject({ active: 12, leftOut: 0, positive: near(4, 1.72, 8.245) });
    expect(body.sequences).toEqual([{ sequence: 'story', title: 'story', ...body.total }]);
  });

  test('says nothing where too few are through', async () => {
    const { body } = await admin.get('/analytics/forecast?minimumCases=5');
    expect(body.steps[1]).toEqual({
      sequence: 'story',
      step: 'nudge',
      active: 2,
      cases: 1,
      tooFew: true,
      positive: null,
      meetings: null,
      sales: null,
      value: [],
    });
    expect(body.total).toMatchObject({ active: 12, leftOut: 2, positive: { expected: 2 } });
    expect((await admin.get('/analytics/forecast')).body.total).toMatchObject({
      leftOut: 12,
      sales: null,
      value: [],
    });
  });

  test('a rep’s is made of the own', async () => {
    const { body } = await rosa.get('/analytics/forecast?minimumCases=1');
    expect(body.steps).toEqual([
      expect.objectContaining({
        step: 'hello',
        active: 4,
        cases: 2,
        positive: expect.objectContaining({ expected: 2 }),
      }),
    ]);
  });

  test('is a table, too', async () => {
    const lines = ((await admin.get('/analytics/forecast.csv?minimumCases=5')).body as string)
      .trim()
      .split('\r\n');
    expect(lines[0]).toBe(
      'sequence,step,active,cases,too_few,positive,positive_low,positive_high,meetings,meetings_low,meetings_high,sales,sales_low,sales_high,value_EUR,value_EUR_low,value_EUR_high,value_USD,value_USD_low,value_USD_high',
    );
    expect(lines[2]).toBe('story,nudge,2,1,true,,,,,,,,,,,,,,,');
  });
});

describe('experiments', () => {
  beforeAll(async () => {
    const split = (name: string) => ({ name, weight: 1, next: 'hello' });
    const plan = makePlan([
      { id: 'ab', kind: 'split', arms: [split('short'), split('long'), split('odd')] },
      touchNode('hello'),
    ]);
    const { id: versionId } = await makeVersion(api.db, { name: 'trial', plan });
    const { id: launchId } = await makeLaunch(api.db, { versionId });
    // 40 leads an arm, 30 of them written to; of the short ones 2 answered, of the long ones 12, and 3 of them are interested.
    await api.db.query(
      `with l as (insert into leads (seed, owner, attributes) select 'x' || n, case when n <= 40 then '${BEN}' end,
           jsonb_build_object('arm', case when n <= 40 then 'short' else 'long' end, 'n', (n - 1) % 40 + 1)
         from generate_series(1, 80) n returning id, attributes),
       e as (insert into enrollments (lead_id, launch_id, version_id, created_at, started_at, status)
         select id, $1, $2, '2026-03-01', '2026-03-01', 'running' from l returning id, lead_id),
       x as (select e.id, e.lead_id, attributes->>'arm' as arm, (attributes->>'n')::int as n from e join l on l.id = e.lead_id),
       d as (insert into decisions (enrollment_id, lead_id, at, step_id, kind, reason)
         select id, lead_id, '2026-03-02', 'ab', 'arm', arm from x),
       t as (insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, state, slot_at, local_day, at)
         select id, lead_id, 'hello', 1, 1, 'email', 'email', 'sent', '2026-03-03', '2026-03-03', '2026-03-03' from x where n <= 30)
       insert into messages (lead_id, channel, at, class, class_by)
         select lead_id, 'email', '2026-03-04', case when arm = 'long' and n <= 3 then 'interested' else 'other' end, 'person' from x
         where n <= case arm when 'short' then 2 else 12 end`,
      [launchId, versionId],
    );
    await recountAll(api.db);
  });

  test('hold each arm against the first, and say when that may be chance or nobody can say', async () => {
    const { body } = await admin.get('/analytics/experiments?sequence=trial');
    const near = (value: number) => expect.closeTo(value, 3);
    expect(body.arms).toMatchObject([
      {
        step: 'ab',
        arm: 'short',
        reached: 40,
        contacted: 30,
        answered: { count: 2, rate: near(0.0667), difference: null, verdict: null },
      },
      {
        arm: 'long',
        contacted: 30,
        answered: {
          count: 12,
          rate: 0.4,
          interval: { low: near(0.246), high: near(0.577) },
          difference: { low: near(0.1207), high: near(0.5166) },
          verdict: 'better',
        },
        positive: { count: 3, verdict: 'same' },
        meetings: { count: 0, verdict: 'same' },
      },
      { arm: 'odd', reached: 0, contacted: 0, answered: { rate: null, interval: null, verdict: 'too_few' } },
    ]);
    const ben = await api.signedIn({ role: 'rep', email: BEN });
    expect((await ben.get('/analytics/experiments?sequence=trial')).body.arms).toMatchObject([
      { arm: 'short', reached: 40 },
      { arm: 'long', reached: 0 },
      { arm: 'odd', reached: 0 },
    ]);
    expect((await admin.get('/analytics/experiments?sequence=nothing')).status).toBe(404);
  });

  test('are a table, too', async () => {
    const lines = ((await admin.get('/analytics/experiments.csv?sequence=trial')).body as string)
      .trim()
      .split('\r\n');
    expect(lines[0]).toMatch(/^step,arm,reached,contacted,answered,answered_rate,answered_low/);
    expect(lines[2]).toMatch(/^ab,long,40,30,12,0.4,0.24\d*,0.57\d*,0.12\d*,0.51\d*,better,/);
  });
});

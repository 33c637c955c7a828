import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { withTracking } from '../../activities/enrollment/message.ts';
import { trackingUrls } from '../../api/tracking-urls.ts';
import { createUnsubscribeTokens } from '../../common/crypto.ts';
import { createLogger } from '../../common/log.ts';
import { createTrackingTokens } from '../../common/tracking-tokens.ts';
import { listCallbacks } from '../../db/callbacks.ts';
import type { Db } from '../../db/db.ts';
import { eraseLead } from '../../db/erase.ts';
import { exportLead } from '../../db/export.ts';
import { status, timeline } from '../../db/history.ts';
import type { PlanNode, SequenceSettings, StepCopy } from '../../sequences/plan.ts';
import { createHttp } from '../../worker/http.ts';
import type { Services } from '../../worker/services.ts';
import { createTestDatabase } from '../support/database.ts';
import { identityHash, makeHost, walk, type Host } from '../support/enrollment-host.ts';
import {
  databaseClock,
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeSender,
  makeVersion,
  setTime,
  touchNode,
  TUESDAY,
} from '../support/factories.ts';
import { until } from '../support/until.ts';

const CHROME = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36'; // prettier-ignore
const SECOND = 1000;
const HOUR = 3600 * SECOND;
const tokens = createTrackingTokens([randomBytes(32)]);

let db: Db;
let drop: () => Promise<void>;
let http: Awaited<ReturnType<typeof createHttp>>;
let host: Host;
beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  await setTime(db, TUESDAY);
  http = await createHttp({
    config: { publicUrl: 'http://127.0.0.1:9', http: { host: '127.0.0.1', port: 0 } },
    db,
    clock: await databaseClock(db),
    tokens: createUnsubscribeTokens([randomBytes(32)]),
    trackingTokens: tokens,
    hashIdentity: identityHash,
    log: createLogger({ level: 'silent' }),
    waker: () => Promise.reject(new Error('Temporal does not answer')),
  } as unknown as Services);
});
afterAll(async () => {
  await http.close();
  await drop();
});
beforeEach(async () => {
  await setTime(db, TUESDAY);
  host = await makeHost(db, { trackingUrls: trackingUrls(`${http.url}/`, tokens) });
});

const WAIT: PlanNode = {
  id: 'answer', kind: 'wait_for', event: 'clicked', within: { unit: 'days', amount: 5 }, then: 'thanks', otherwise: null,
}; // prettier-ignore
const BODY = '[one](https://one.test/?a=1&b=2) [two](https://two.test/) [three](https://three.test/)';

/** A lead to whom a mail was sent at 10:00, and who is waited for to follow a link of it. */
async function sent(
  tracking: SequenceSettings['tracking'] | null = { opens: true, clicks: true },
  {
    copy = { subject: 'Hi', body: BODY } as StepCopy,
    nodes = [touchNode('hello'), WAIT, touchNode('thanks')],
  } = {},
) {
  const sender = await makeSender(db);
  const lead = await makeLead(db);
  const version = await makeVersion(db, {
    plan: makePlan(nodes),
    copy: { hello: copy },
    settings: tracking ? { tracking } : {},
  });
  const launch = await makeLaunch(db, { versionId: version.id, senderIds: [sender.id] });
  const { id } = await makeEnrollment(db, { launchId: launch.id, leadId: lead.id });
  await walk(host, id);
  const message = host.provider.sent.at(-1)!;
  const html = message.html ?? '';
  const links = [...html.matchAll(/<a href="([^"]+)"/g)].map((match) => match[1]!);
  const image = /<img src="([^"]+)" width="1"/.exec(html)?.[1] ?? '';
  return { id, leadId: lead.id, launchId: launch.id, touchId: message.touchId, message, links, image };
}

/** Moves business time; the clock otherwise stands still. */
const later = (ms: number) => setTime(db, TUESDAY + ms);

const follow = (url: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(url, { method, redirect: 'manual', headers: { 'user-agent': CHROME, ...headers } });

/** Until nothing waits any more; what waits for neighbours is due now. */
async function understood(): Promise<void> {
  await db.query(`update inbound set retry_wall = clock_timestamp() where state = 'pending'`);
  await until(
    async () => (await db.query(`select from inbound where state <> 'done'`)).rowCount === 0,
    'everything is understood',
  );
}

const hits = async (touchId: string) =>
  (
    await db.query<{ text: string }>(
      `select concat_ws(' ', kind, link, by, nullif(why, ''), count) as text from hits where touch_id = $1 order by kind, link, why`,
      [touchId],
    )
  ).rows.map(({ text }) => text);
const events = async (leadId: string) =>
  (
    await db.query<{ type: string; data: unknown; enrollment_id: string | null }>(
      'select type, data, enrollment_id from lead_events where lead_id = $1 order by at, type',
      [leadId],
    )
  ).rows;

test('a person’s click leads on at once, is the lead’s event, and takes the branch that waits for it', async () => {
  const { id, leadId, touchId, links, launchId } = await sent();
  expect(links).toHaveLength(3);
  await later(HOUR);
  const answer = await follow(links[0]!);
  expect(answer.status).toBe(302);
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    location: 'https://one.test/?a=1&b=2',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
  });
  expect(await hits(touchId)).toEqual(['click 0 1']);
  expect(await events(leadId)).toEqual([]);
  await understood();
  await later(2 * HOUR);
  expect((await follow(links[0]!)).status).toBe(302);
  expect((await follow(links[1]!)).headers.get('location')).toBe('https://two.test/');
  await understood();
  // The second link at the instant of the first one's repetition: two links at once are no person's, the first stays what it was.
  expect(await hits(touchId)).toEqual(['click 0 person 2', 'click 1 machine several_links 1']);
  await later(3 * HOUR);
  await follow(links[1]!);
  await understood();
  expect(await hits(touchId)).toEqual([
    'click 0 person 2',
    'click 1 person 1',
    'click 1 machine several_links 1',
  ]);
  expect(await events(leadId)).toEqual([
    { type: 'clicked', data: { url: 'https://one.test/?a=1&b=2', touchId }, enrollment_id: id },
  ]);
  await host.deps.clock.refresh();
  expect((await walk(host, id)).ended).not.toBeNull();
  expect(host.provider.sent.map(({ text }) => text)).toHaveLength(2);
  const told = await listCallbacks(db, leadId);
  expect(told.find(({ type }) => type === 'lead.clicked')!.payload).toMatchObject({
    data: { channel: 'email', touch: { id: touchId, step: 'hello' }, enrollment: { id } },
  });
  expect(JSON.stringify(told)).not.toContain('one.test');
  const { entries } = await timeline(db, leadId);
  expect(entries.filter(({ what }) => what === 'event' || what === 'hit')).toMatchObject([
    { what: 'event', state: 'clicked', step: 'hello', detail: 'https://one.test/?a=1&b=2' },
    { what: 'hit', state: 'clicked', step: 'hello', reason: 'by_machine', detail: 'several links' },
  ]);
  expect((await status(db, launchId)).tracking).toEqual([
    { step: 'hello', opened: 0, clicked: 1, onlyMachines: 0 },
  ]);
});

test('an open is told once; it is no click, and the image is never kept from the reader', async () => {
  const { id, leadId, touchId, image } = await sent();
  await later(HOUR);
  const answer = await follow(image);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('image/gif');
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(
    Buffer.from(await answer.arrayBuffer())
      .subarray(0, 6)
      .toString(),
  ).toBe('GIF89a');
  await understood();
  await later(2 * HOUR);
  await follow(image);
  await understood();
  expect(await hits(touchId)).toEqual(['open 0 person 2']);
  expect(await events(leadId)).toEqual([{ type: 'opened', data: { touchId }, enrollment_id: id }]);
  await host.deps.clock.refresh();
  await walk(host, id);
  expect(host.provider.sent).toHaveLength(1);
});

test('machines are counted apart and say nothing about the lead', async () => {
  const { leadId, touchId, links, image, launchId } = await sent();
  // A scanner at once, another one that asks and says who it is, a proxy, a browser that fetches ahead.
  await later(9 * SECOND);
  await follow(links[0]!);
  await later(HOUR);
  expect((await follow(links[0]!, {}, 'HEAD')).status).toBe(302);
  await follow(links[1]!, { 'user-agent': 'Barracuda Sentinel (EE)' });
  await follow(links[2]!, { 'sec-purpose': 'prefetch' });
  await follow(image, { 'user-agent': 'Mozilla/5.0' });
  await follow(image, { 'user-agent': 'Mozilla/5.0' });
  await understood();
  expect(await hits(touchId)).toEqual([
    'click 0 machine at_once 1',
    'click 0 machine head 1',
    'click 1 machine agent 1',
    'click 2 machine prefetch 1',
    'open 0 machine proxy 2',
  ]);
  expect(await events(leadId)).toEqual([]);
  expect((await status(db, launchId)).tracking).toEqual([
    { step: 'hello', opened: 0, clicked: 0, onlyMachines: 1 },
  ]);
  const { entries } = await timeline(db, leadId);
  expect(entries.filter(({ what }) => what === 'hit').map(({ detail }) => detail)).toContain(
    'proxy, 2 times',
  );
  // What a person does afterwards counts.
  await later(2 * HOUR);
  await follow(links[0]!);
  await understood();
  expect((await events(leadId)).map(({ type }) => type)).toEqual(['clicked']);
});

test('a scanner that looks like a browser is known by following several links at once; the person after it counts', async () => {
  const { leadId, touchId, links } = await sent();
  for (const [index, ms] of [0, 1900, 3800].entries()) {
    await later(HOUR + ms);
    await follow(links[index]!);
  }
  await understood();
  expect(await hits(touchId)).toEqual([0, 1, 2].map((link) => `click ${link} machine several_links 1`));
  expect(await events(leadId)).toEqual([]);
  await later(2 * HOUR);
  await follow(links[1]!);
  await later(2 * HOUR + 2_100);
  await follow(links[2]!);
  await understood();
  expect((await events(leadId)).map(({ data }) => data)).toEqual([{ url: 'https://two.test/', touchId }]);
});

test('a click waits for its neighbours before it counts, whoever looks', async () => {
  const { touchId, links } = await sent();
  await later(HOUR);
  await follow(links[0]!);
  const { rows } = await db.query<{ waits: number }>(
    `select extract(epoch from retry_wall - clock_timestamp())::float8 as waits from inbound where dedupe_key = $1`,
    [`hit:${touchId}:click:0`],
  );
  expect(rows[0]!.waits).toBeGreaterThan(2);
  await understood();
});

test('who follows while others are understood is led on, and every hit is counted', async () => {
  const { touchId, links, image } = await sent();
  await later(HOUR);
  const urls = Array.from({ length: 25 }, () => [links[0]!, image]).flat();
  const answers = await Promise.all(
    urls.map(async (url, index) => {
      if (index % 10 === 0) await db.query(`update inbound set retry_wall = clock_timestamp()`);
      return (await follow(url)).status;
    }),
  );
  expect(answers.filter((code) => code !== 302 && code !== 200)).toEqual([]);
  await understood();
  expect(await hits(touchId)).toEqual(['click 0 person 25', 'open 0 person 25']);
});

test('repeating costs no rows', async () => {
  const { touchId, links, image } = await sent();
  for (let hour = 1; hour < 4; hour++) {
    await later(hour * HOUR);
    await Promise.all(
      [...links, image].flatMap((url) => [follow(url), follow(url), follow(url, {}, 'HEAD')]),
    );
    await understood();
  }
  const { rowCount } = await db.query(`select from inbound where dedupe_key like $1`, [`hit:${touchId}:%`]);
  expect(rowCount).toBe(4);
  expect(await hits(touchId)).toEqual([
    ...[0, 1, 2].flatMap((link) => [`click ${link} machine head 3`, `click ${link} machine several_links 6`]),
    'open 0 person 6',
    'open 0 machine head 3',
  ]);
});

test('what is no token of ours leads nowhere: there is no open redirect', async () => {
  const { touchId, links, image } = await sent();
  await later(HOUR);
  const other = trackingUrls(http.url, createTrackingTokens([randomBytes(32)]));
  const ours = trackingUrls(http.url, tokens);
  for (const url of [
    links[0]!.slice(0, -1) + (links[0]!.endsWith('A') ? 'B' : 'A'),
    other.click(touchId, 0),
    other.open(touchId),
    ours.click(touchId, 3),
    ours.click(randomUUID(), 0),
    ours.open(touchId).replace('.gif', ''),
    image.replace('/t/o/', '/t/c/'),
    links[0]!.replace('/t/c/', '/t/o/'),
    `${links[0]!}/https://evil.test`,
    `${http.url}/t/c/https:%2F%2Fevil.test`,
    `${http.url}/t/c/?url=https://evil.test`,
    `${http.url}/t/`,
  ]) {
    const answer = await follow(url);
    expect([url, answer.status, answer.headers.get('location')]).toEqual([url, 404, null]);
    expect(await answer.text()).toContain('Page not found');
  }
  const asked = await follow(`${links[0]!}?url=https://evil.test`);
  expect(asked.headers.get('location')).toBe('https://one.test/?a=1&b=2');
  expect((await follow(links[0]!, {}, 'POST')).status).toBe(404);
  await understood();
});

test('nothing is tracked unless the sequence says so, and only what it says', async () => {
  const off = await sent(null);
  expect(off.links[0]).toBe('https://one.test/?a=1&amp;b=2');
  expect(off.message.html).not.toContain('/t/');
  // Not even a token that would be right.
  await follow(trackingUrls(http.url, tokens).open(off.touchId));
  await later(HOUR);
  expect((await follow(trackingUrls(http.url, tokens).click(off.touchId, 0))).status).toBe(404);
  expect(await hits(off.touchId)).toEqual([]);
  await later(0);
  const opens = await sent({ opens: true, clicks: false });
  expect(opens.links[0]).toBe('https://one.test/?a=1&amp;b=2');
  expect(opens.image).toContain('/t/o/');
  const clicks = await sent({ opens: false, clicks: true });
  expect(clicks.links[0]).toContain('/t/c/');
  expect(clicks.image).toBe('');
  await later(HOUR);
  await follow(trackingUrls(http.url, tokens).open(clicks.touchId));
  expect(await hits(clicks.touchId)).toEqual([]);
});

test('the text part and the link to unsubscribe stay as they are; what is stored is what was written', async () => {
  const body = `${BODY} [no](mailto:ada@a.test) [stop]({{ unsubscribe_url }})`;
  const { message, links, touchId } = await sent(undefined, { copy: { subject: 'Hi', body } });
  expect(links.slice(3)).toEqual(['mailto:ada@a.test', `https://cadenza.test/u/${touchId}`]);
  expect(message.text).toContain('https://one.test/?a=1&b=2');
  expect(message.text).not.toContain('/t/');
  const { rows } = await db.query<{ html: string; links: string[] }>(
    `select content->>'html' as html, content->'tracking'->'links' as links from touches where id = $1`,
    [touchId],
  );
  expect(rows[0]!.html).not.toContain('/t/');
  expect(rows[0]!.links).toEqual(['https://one.test/?a=1&b=2', 'https://two.test/', 'https://three.test/']);
});

test('a mail of an earlier sequence says nothing in the present one', async () => {
  const old = await sent();
  await db.query(`update enrollments set status = 'finished' where id = $1`, [old.id]);
  const version = await makeVersion(db, { plan: makePlan([WAIT, touchNode('thanks')]) });
  const launch = await makeLaunch(db, { versionId: version.id });
  const { id } = await makeEnrollment(db, { launchId: launch.id, leadId: old.leadId });
  await later(HOUR);
  await follow(old.links[0]!);
  await understood();
  expect(await events(old.leadId)).toMatchObject([{ type: 'clicked', enrollment_id: null }]);
  const { rowCount } = await db.query('select from inbox where enrollment_id = $1', [id]);
  expect(rowCount).toBe(0);
  const { entries } = await timeline(db, old.leadId);
  expect(entries.find(({ state }) => state === 'clicked')).toMatchObject({
    enrollmentId: old.id,
    step: 'hello',
  });
});

test('promise 8: an export has what was followed; after an erasure the links lead nowhere and nothing is recorded', async () => {
  const { leadId, touchId, links, image } = await sent();
  await later(HOUR);
  await follow(links[0]!);
  await understood();
  expect((await exportLead(db, leadId)).hits).toMatchObject([
    { touch_id: touchId, kind: 'click', url: 'https://one.test/?a=1&b=2', by: 'person', count: 1 },
  ]);
  await later(2 * HOUR);
  await follow(links[1]!);
  await eraseLead(db, leadId, { hashIdentity: identityHash });
  await understood();
  expect((await follow(links[0]!)).status).toBe(404);
  expect((await follow(image)).status).toBe(200);
  const { rows } = await db.query<{ hits: string }>(
    `select (select json_agg(h)::text from hits h where lead_id = $1) || (select json_agg(e)::text from lead_events e where lead_id = $1) as hits`,
    [leadId],
  );
  expect(rows[0]!.hits).not.toContain('.test');
  expect((await events(leadId)).map(({ type }) => type)).toEqual(['clicked']);
});

test('a text that a rep wrote instead gets HTML for the links and the image to stand in', () => {
  const content = withTracking(
    { subject: 'Hi', text: 'See <https://one.test/>.\nStop: https://go.test/u/abc' },
    { tracking: { opens: true, clicks: true } },
    'https://go.test/u/token',
  );
  expect(content).toEqual({
    subject: 'Hi',
    text: 'See <https://one.test/>.\nStop: https://go.test/u/abc',
    html: '<p>See &lt;<a href="https://one.test/">https://one.test/</a>&gt;.<br>\nStop: <a href="https://go.test/u/abc">https://go.test/u/abc</a></p>',
    tracking: { opens: true, links: ['https://one.test/'] },
  });
  expect(withTracking({ text: 'x' }, {}, 'https://go.test/u/token')).toEqual({ text: 'x' });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createDb, type Db } from '../../../db/db.ts';
import { initialState } from '../../../sequences/engine/reduce.ts';
import { listCallbacks } from '../../../db/callbacks.ts';
import type { EnrollmentDeps } from '../../../activities/enrollment/index.ts';
import type { SendResult } from '../../../providers/ports.ts';
import type { TouchNode } from '../../../sequences/plan.ts';
import { createTestDatabase } from '../../support/database.ts';
import { again, makeHost, walk, type Host } from '../../support/enrollment-host.ts';
import {
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeSender,
  makeVersion,
  setTime,
  touchNode,
  TUESDAY,
} from '../../support/factories.ts';

let db: Db;
let url: string;
let drop: () => Promise<void>;
beforeAll(async () => ({ db, url, drop } = await createTestDatabase()));
afterAll(() => drop());
beforeEach(() => setTime(db, TUESDAY));

async function enroll(node: TouchNode = touchNode('hello'), lead: Parameters<typeof makeLead>[1] = {}) {
  const channel = node.channel === 'linkedin' ? 'linkedin' : 'email';
  const sender = await makeSender(db, { channel });
  const person = await makeLead(db, { linkedinUrl: null, ...lead });
  const version = await makeVersion(db, { plan: makePlan([node]) });
  const launch = await makeLaunch(db, { versionId: version.id, senderIds: [sender.id] });
  const { id } = await makeEnrollment(db, { launchId: launch.id, leadId: person.id });
  return { id, lead: person, sender };
}

const touches = async (id: string) =>
  (
    await db.query<Record<string, unknown> & { id: string; state: string; attempt: number }>(
      'select * from touches where enrollment_id = $1 order by attempt',
      [id],
    )
  ).rows;
const told = async (leadId: string) =>
  (await listCallbacks(db, leadId)).map(({ type }) => type).filter((type) => type !== 'enrollment.started');

/** A send whose answer the test gives; `begun` says that the provider was called. */
function heldSend(host: Host) {
  let answer!: (result: SendResult) => void;
  const gate = new Promise<SendResult>((resolve) => (answer = resolve));
  let start!: () => void;
  const begun = new Promise<void>((resolve) => (start = resolve));
  host.provider.respond = () => {
    start();
    return gate;
  };
  return { answer, begun };
}

/** A process that commits `sending` and is killed before it hears from the provider. Its lease lasts a moment more. */
async function killed(id: string) {
  const never = 86_400_000;
  const host = await makeHost(db, {
    leaseMs: never,
    sendTimeoutMs: never,
    inFlightAfterMs: 20,
    owner: 'killed',
  });
  host.provider.respond = () => new Promise(() => {});
  await walk(host, id, 3).catch(() => {});
  await db.query(
    `update touches set lease_until = clock_timestamp() + interval '300 ms' where enrollment_id = $1 and state = 'sending'`,
    [id],
  );
  expect(await touches(id)).toMatchObject([{ state: 'sending', lease_owner: 'killed' }]);
}

const FAST: Partial<EnrollmentDeps> = { leaseMs: 400, sendTimeoutMs: 200, inFlightAfterMs: 100 };

test('promise 1: a slow send answers in_flight, goes on in the process, and is found by the next look', async () => {
  const host = await makeHost(db, { inFlightAfterMs: 100 });
  const { id, lead } = await enroll();
  const send = heldSend(host);
  const loaded = walk(host, id, 3);
  await send.begun;
  await loaded.catch(() => {});
  expect(await again(host, id)).toMatchObject({ answer: { type: 'in_flight' } });
  expect(await touches(id)).toMatchObject([{ state: 'sending' }]);
  send.answer({ kind: 'sent', providerId: 'p' });
  await host.activities.drain();
  expect(await touches(id)).toMatchObject([{ state: 'sent', provider_id: 'p' }]);
  expect(await again(host, id)).toMatchObject({ answer: { type: 'sent', at: TUESDAY } });
  expect((await walk(host, id)).ended).toBe('done');
  expect(await told(lead.id)).toEqual(['touch.sent', 'enrollment.finished']);
});

test('promise 1: performed by many at once, a touch leaves once', async () => {
  const { id } = await enroll();
  const hosts = await Promise.all([1, 2, 3].map(() => makeHost(db)));
  for (const host of hosts) {
    host.provider.respond = async () => {
      await sleep(30);
      return { kind: 'sent', providerId: 'p' };
    };
  }
  const walks = await Promise.allSettled(Array.from({ length: 12 }, (_, i) => walk(hosts[i % 3]!, id)));
  // Those that lost the race were told so; the others went on from the saved state.
  for (const one of walks)
    if (one.status === 'rejected') expect(String(one.reason)).toMatch(/stale|does not end/);
  await Promise.all(hosts.map((host) => host.activities.drain()));
  expect(hosts.flatMap((host) => host.provider.sent)).toHaveLength(1);
  await walk(hosts[0]!, id);
  expect(await touches(id)).toMatchObject([{ state: 'sent', attempt: 1 }]);
  expect(hosts.flatMap((host) => host.provider.sent)).toHaveLength(1);
});

test('promise 1: a process that stood still right after committing `sending` does not send any more', async () => {
  const { id } = await enroll();
  let stalled = false;
  const stalling: Db = {
    ...db,
    async tx(work) {
      const done = await db.tx(work);
      // As one that is suspended: others may judge the touch by now.
      if (!stalled && (await touches(id)).some(({ state }) => state === 'sending')) {
        stalled = true;
        await sleep(400);
      }
      return done;
    },
  };
  const host = await makeHost(stalling, { leaseMs: 1_000 });
  await walk(host, id);
  expect(await touches(id)).toMatchObject([
    { attempt: 1, state: 'failed', reason: 'process_stalled' },
    { attempt: 2, state: 'sent' },
  ]);
  expect(host.provider.sent).toHaveLength(1);
});

test('promise 1: a command with an old revision changes nothing and calls nobody', async () => {
  const host = await makeHost(db);
  const { id } = await enroll();
  const before = await host.activities.load({ enrollmentId: id });
  if (before.kind !== 'run') throw new Error('it runs');
  await walk(host, id);
  const { id: other } = await enroll();
  await walk(host, other, 1).catch(() => {});
  const late = await host.activities.execute({
    enrollmentId: other,
    revision: 0,
    state: before.state ?? initialState({ seed: 1, at: TUESDAY }),
    command: { kind: 'perform', step: 'hello', visit: 1, attempt: 1, asTask: false },
    decisions: [],
  });
  expect(late).toEqual({ kind: 'stale' });
  expect(host.provider.sent).toHaveLength(1);
});

test('promise 1: after a kill the outcome is unknown when the lease is over: unconfirmed, never sent again', async () => {
  const { id, lead } = await enroll();
  await killed(id);
  const host = await makeHost(db, FAST);
  // While the lease runs the other process may still be at it.
  expect(await again(host, id)).toMatchObject({ answer: { type: 'in_flight' } });
  expect(host.provider.asked).toHaveLength(0);
  await sleep(350);
  const walked = await walk(host, id);
  expect(walked.state).toMatchObject({ phase: 'unconfirmed', until: null });
  expect(host.provider.asked).toHaveLength(1);
  expect(host.provider.sent).toHaveLength(0);
  expect(await touches(id)).toMatchObject([{ state: 'unconfirmed', attempt: 1, reason: 'outcome_unknown' }]);
  expect(await told(lead.id)).toEqual(['touch.unconfirmed']);
  // Again and again: still unconfirmed, still not sent.
  expect((await walk(host, id)).state).toMatchObject({ phase: 'unconfirmed' });
  expect(await told(lead.id)).toEqual(['touch.unconfirmed']);
  expect(await db.query('select reason, next_at from enrollments where id = $1', [id])).toMatchObject({
    rows: [{ reason: 'unconfirmed', next_at: null }],
  });
});

test('promise 1: a provider that remembers the touch settles it as sent', async () => {
  const { id, lead } = await enroll();
  await killed(id);
  await sleep(350);
  const host = await makeHost(db, FAST);
  host.provider.know = () => ({ kind: 'found', providerId: 'theirs', messageId: '<theirs@acme.test>' });
  expect((await walk(host, id)).ended).toBe('done');
  const [touch] = await touches(id);
  expect(touch).toMatchObject({ state: 'sent', provider_id: 'theirs', message_id: '<theirs@acme.test>' });
  expect(host.provider.asked[0]).toMatchObject({ touchId: touch!.id, to: lead.email });
  expect(host.provider.asked[0]!.since!.getTime()).toBeLessThan(Date.now());
  expect(await told(lead.id)).toEqual(['touch.sent', 'enrollment.finished']);
});

test('promise 1: a touch on its way when its enrollment is stopped and its process killed is still found out', async () => {
  const { id, lead } = await enroll();
  await killed(id);
  const touchId = (await touches(id))[0]!.id;
  await db.query(`update enrollments set status = 'stopped', reason = 'replied' where id = $1`, [id]);
  const host = await makeHost(db, FAST);
  expect(await host.activities.settleExpired({ touchId })).toEqual({ state: 'sending' });
  expect(host.provider.asked).toHaveLength(0);
  await sleep(350);
  host.provider.know = () => ({ kind: 'found', providerId: 'theirs' });
  expect(await host.activities.settleExpired({ touchId })).toEqual({ state: 'sent' });
  expect(await told(lead.id)).toEqual(['touch.sent']);
  expect(await host.activities.load({ enrollmentId: id })).toEqual({ kind: 'ended', reason: 'replied' });
});

test('promise 1: proof that the provider never got it allows the next attempt, once', async () => {
  const { id } = await enroll();
  await killed(id);
  await sleep(350);
  const host = await makeHost(db, FAST);
  host.provider.know = () => ({ kind: 'not_found' });
  expect((await walk(host, id)).ended).toBe('done');
  const rows = await touches(id);
  expect(rows).toMatchObject([
    { state: 'failed', reason: 'not_taken', attempt: 1 },
    { state: 'sent', attempt: 2 },
  ]);
  expect(host.provider.sent.map(({ touchId }) => touchId)).toEqual([rows[1]!.id]);
});

test('promise 1: proof that comes after a touch was given up as unconfirmed settles it', async () => {
  const host = await makeHost(db, FAST);
  const { id, lead } = await enroll();
  const send = heldSend(host);
  await walk(host, id).catch(() => {});
  await send.begun;
  await sleep(500);
  expect((await walk(host, id)).state).toMatchObject({ phase: 'unconfirmed' });
  send.answer({ kind: 'sent', providerId: 'late' });
  for (let i = 0; i < 50 && (await touches(id))[0]!.state !== 'sent'; i++) await sleep(20);
  expect(await touches(id)).toMatchObject([{ state: 'sent', provider_id: 'late' }]);
  expect((await walk(host, id)).ended).toBe('done');
  expect(await touches(id)).toHaveLength(1);
  expect(await told(lead.id)).toEqual(['touch.unconfirmed', 'touch.sent', 'enrollment.finished']);
});

test('promise 1: an adapter that fails or answers `unknown` keeps the lease, then the provider is asked', async () => {
  for (const respond of [
    () => Promise.reject(new Error('socket hang up ada@example.test')),
    () => ({ kind: 'unknown', code: 'timeout_after_data', detail: 'x' }) as const,
  ]) {
    const host = await makeHost(db, FAST);
    const { id } = await enroll();
    host.provider.respond = respond;
    const walked = await walk(host, id, 3).catch(() => null);
    expect(walked).toBeNull();
    expect(await touches(id)).toMatchObject([{ state: 'sending' }]);
    await sleep(450);
    expect((await walk(host, id)).state).toMatchObject({ phase: 'unconfirmed' });
    expect(await touches(id)).toHaveLength(1);
  }
});

test('a refusal for now books the next attempt when the provider says, and six are enough', async () => {
  await setTime(db, TUESDAY, 1);
  const host = await makeHost(db);
  const { id, lead } = await enroll();
  host.provider.respond = () => ({
    kind: 'later',
    code: 'greylisted',
    detail: 'Try later',
    retryAfterMs: 600_000,
  });
  await walk(host, id);
  // Booked for this very instant: the clock moves on meanwhile.
  const walked = await walk(host, id);
  expect(walked.answers.map(({ type }) => type)).toEqual(['slot', 'later', 'slot']);
  expect(walked.state!.until! - TUESDAY).toBeGreaterThanOrEqual(600_000);
  for (let attempt = 2; attempt <= 6; attempt++) {
    await setTime(db, TUESDAY + attempt * 700_000, 1);
    await walk(host, id);
    await walk(host, id);
  }
  const rows = await touches(id);
  expect(rows.map(({ state }) => state)).toEqual(Array(6).fill('failed'));
  expect(await told(lead.id)).toEqual(['touch.failed', 'enrollment.finished']);
});

test('a touch that failed for good can become a task', async () => {
  const host = await makeHost(db);
  const { id } = await enroll(touchNode('hello', 'email', { onFailure: 'task' }));
  host.provider.respond = () => ({ kind: 'failed', code: 'rejected', detail: 'No thanks' });
  expect((await walk(host, id)).state).toMatchObject({ phase: 'task' });
  expect(await touches(id)).toMatchObject([{ state: 'task', attempt: 1 }]);
  expect((await db.query('select kind, body from tasks where enrollment_id = $1', [id])).rows).toMatchObject([
    { kind: 'failed', body: expect.stringContaining('Step hello for Ada') },
  ]);
  expect(await again(host, id)).toMatchObject({ answer: { type: 'task_open' } });
});

test('an address that does not exist is a bounce: recorded, suppressed, and the enrollment stops by its rule', async () => {
  const host = await makeHost(db);
  const { id, lead } = await enroll();
  host.provider.respond = () => ({ kind: 'failed', code: 'no_such_user', detail: 'x', addressBad: true });
  expect((await walk(host, id)).ended).toBe('bounced');
  expect(await touches(id)).toMatchObject([{ state: 'failed', reason: 'no_such_user' }]);
  expect(await told(lead.id)).toEqual(
    expect.arrayContaining(['touch.failed', 'lead.bounced', 'enrollment.stopped']),
  );
  expect((await db.query('select type from lead_events where lead_id = $1', [lead.id])).rows).toEqual([
    { type: 'bounced' },
  ]);
});

test('a sender whose server refuses too many addresses as nobody’s is paused, and whoever comes next waits', async () => {
  const host = await makeHost(db);
  host.provider.respond = () => ({
    kind: 'failed',
    code: 'smtp_5_1_1',
    detail: 'no such user',
    addressBad: true,
  });
  const sender = await makeSender(db, { channel: 'email' });
  const version = await makeVersion(db, { plan: makePlan([touchNode('hello')]) });
  const launch = await makeLaunch(db, { versionId: version.id, senderIds: [sender.id] });
  const next = async () =>
    (
      await walk(
        host,
        (await makeEnrollment(db, { launchId: launch.id, leadId: (await makeLead(db, {})).id })).id,
      )
    ).ended;
  for (let n = 0; n < 5; n++) expect(await next()).toBe('bounced');
  expect(host.logged).toContain('a sender was paused');
  const sent = host.provider.respond;
  host.provider.respond = () => {
    throw new Error('nobody asks a paused sender');
  };
  expect(await next()).toBeNull();
  host.provider.respond = sent;
  const { rows } = await db.query(`select reason from pauses where scope = 'sender' and scope_id = $1`, [
    sender.id,
  ]);
  expect(rows).toEqual([{ reason: expect.stringMatching(/^5 of its last 5 messages bounced/) }]);
});

test('a broken sender is marked, its leads wait for it, and go on when it is mended', async () => {
  const host = await makeHost(db);
  const { id, sender } = await enroll();
  host.provider.respond = () => ({ kind: 'sender_broken', code: 'bad_credentials', detail: '535 no' });
  const walked = await walk(host, id);
  expect(walked.answers.at(-1)).toMatchObject({ type: 'paused', scope: 'sender' });
  expect(await db.query('select broken_reason from senders where id = $1', [sender.id])).toMatchObject({
    rows: [{ broken_reason: 'bad_credentials: 535 no' }],
  });
  expect(host.logged).toContainEqual(expect.stringContaining('cannot send any more'));
  expect(await touches(id)).toMatchObject([{ state: 'cancelled', sender_id: sender.id }]);
  expect((await walk(host, id)).state).toMatchObject({ phase: 'paused' });
  await db.query('update senders set broken_at = null where id = $1', [sender.id]);
  host.provider.respond = () => ({ kind: 'sent', providerId: null });
  expect((await walk(host, id)).ended).toBe('done');
  expect(await touches(id)).toMatchObject([{ state: 'sent', attempt: 1 }]);
});

test('LinkedIn: who is not connected is waited for, who is connected is not invited', async () => {
  const linkedinUrl = 'https://linkedin.com/in/ada';
  const host = await makeHost(db);
  const message = touchNode('dm', 'linkedin', {
    action: 'message',
    waitForConnection: { unit: 'days', amount: 5 },
  });
  const { id, lead } = await enroll(message, { linkedinUrl });
  host.provider.respond = () => ({ kind: 'not_connected', providerLeadId: 'urn:ada' });
  const until = TUESDAY + 5 * 86_400_000;
  expect((await walk(host, id)).state).toMatchObject({ phase: 'awaiting_connection', until });
  // Looked at again later, it is the same wait, not a new one.
  await setTime(db, TUESDAY + 86_400_000);
  expect((await walk(host, id)).state).toMatchObject({ phase: 'awaiting_connection', until });
  expect(
    await db.query('select provider_lead_id from lead_senders where lead_id = $1', [lead.id]),
  ).toMatchObject({
    rows: [{ provider_lead_id: 'urn:ada' }],
  });
  await setTime(db, until);
  expect((await walk(host, id)).ended).toBe('done');
  expect(await touches(id)).toMatchObject([{ state: 'skipped', reason: 'not_connected' }]);

  await setTime(db, TUESDAY);
  const invited = await enroll(touchNode('inv', 'linkedin', { action: 'invite' }), {
    linkedinUrl: 'https://linkedin.com/in/grace',
  });
  await db.query(
    `insert into lead_senders (lead_id, channel, sender_id, connected_at) values ($1, 'linkedin', $2, business_now())`,
    [invited.lead.id, invited.sender.id],
  );
  await walk(host, invited.id);
  expect(await touches(invited.id)).toMatchObject([{ state: 'skipped', reason: 'already_connected' }]);
});

test('an outcome that cannot be written down at once is written down later', async () => {
  const flaky = createDb(url, { max: 3 });
  let failures = 0;
  const host = await makeHost(
    {
      ...flaky,
      tx: (work) => {
        if (failures > 0) {
          failures--;
          return Promise.reject(new Error('the database is away'));
        }
        return flaky.tx(work);
      },
    },
    { inFlightAfterMs: 5_000 },
  );
  const { id } = await enroll();
  host.provider.respond = () => {
    failures = 2;
    return { kind: 'sent', providerId: 'p' };
  };
  expect((await walk(host, id)).ended).toBe('done');
  expect(await touches(id)).toMatchObject([{ state: 'sent', provider_id: 'p' }]);
  expect(host.provider.sent).toHaveLength(1);
  await flaky.close();
});

import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createDb, type Db } from '../../../db/db.ts';
import type { SequenceSettings } from '../../../sequences/plan.ts';
import { createTestDatabase } from '../../support/database.ts';
import { again, makeHost, walk, type Host } from '../../support/enrollment-host.ts';
import {
  makeCompany,
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
let drop: () => Promise<void>;
let pools: Db[];
let hosts: Host[];
beforeAll(async () => {
  let url: string;
  ({ db, url, drop } = await createTestDatabase());
  // Three processes, each with its own connections.
  pools = [1, 2, 3].map((n) => createDb(url, { name: `worker-${n}`, max: 5 }));
  hosts = await Promise.all(pools.map((pool) => makeHost(pool)));
});
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
  await drop();
});
beforeEach(() => setTime(db, TUESDAY));

const DAY = 86_400_000;

interface Group {
  readonly ids: string[];
  readonly senderId: string;
  readonly launchId: string;
}

async function enrollMany(
  count: number,
  options: {
    sender?: Parameters<typeof makeSender>[1];
    channel?: 'email' | 'linkedin';
    settings?: Partial<SequenceSettings>;
    companyId?: string;
    senderId?: string;
  } = {},
): Promise<Group> {
  const channel = options.channel ?? 'email';
  const senderId = options.senderId ?? (await makeSender(db, { channel, ...options.sender })).id;
  const node = channel === 'linkedin' ? touchNode('hi', 'linkedin', { action: 'invite' }) : touchNode('hi');
  const version = await makeVersion(db, {
    plan: makePlan([node]),
    ...(options.settings && { settings: options.settings }),
  });
  const launch = await makeLaunch(db, { versionId: version.id, senderIds: [senderId] });
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    const lead = await makeLead(db, {
      companyId: options.companyId ?? null,
      linkedinUrl: `https://linkedin.com/in/${senderId}-${i}`,
    });
    ids.push((await makeEnrollment(db, { launchId: launch.id, leadId: lead.id })).id);
  }
  return { ids, senderId, launchId: launch.id };
}

const walkAll = (ids: readonly string[]) =>
  Promise.all(ids.map((id, i) => walk(hosts[i % hosts.length]!, id)));

async function slots(senderId: string): Promise<{ at: number; day: string; state: string }[]> {
  const { rows } = await db.query<{ at: Date; day: string; state: string }>(
    `select coalesce(at, sending_at, slot_at) as at, local_day as day, state from touches
     where sender_id = $1 and state in ('booked', 'sending', 'sent', 'unconfirmed', 'task') order by 1`,
    [senderId],
  );
  return rows.map((row) => ({ ...row, at: row.at.getTime() }));
}

function perDay(all: readonly { day: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { day } of all) counts[day] = (counts[day] ?? 0) + 1;
  return counts;
}

test('promise 5: many workers booking at once keep the day cap exactly, inside the window, a gap apart', async () => {
  const { ids, senderId } = await enrollMany(24, {
    sender: { caps: { email: { day: 5 } }, minGapSeconds: 60, jitterSeconds: 30 },
  });
  await walkAll(ids);
  const booked = await slots(senderId);
  expect(booked).toHaveLength(24);
  expect(perDay(booked)).toEqual({
    '2026-03-10': 5,
    '2026-03-11': 5,
    '2026-03-12': 5,
    '2026-03-13': 5,
    '2026-03-16': 4,
  });
  for (const [i, { at }] of booked.entries()) {
    const hour = new Date(at).getUTCHours() + 1;
    expect(hour).toBeGreaterThanOrEqual(9);
    expect(hour).toBeLessThan(17);
    if (i > 0) expect(at - booked[i - 1]!.at).toBeGreaterThanOrEqual(60_000);
  }
});

test('promise 5: a cap for any seven days holds for invitations', async () => {
  const { ids, senderId } = await enrollMany(12, {
    channel: 'linkedin',
    sender: { caps: { invite: { day: 4, week: 6 } } },
  });
  await walkAll(ids);
  const booked = await slots(senderId);
  expect(booked).toHaveLength(12);
  for (const { at } of booked) {
    expect(booked.filter((other) => other.at >= at && other.at < at + 7 * DAY).length).toBeLessThanOrEqual(6);
  }
});

test('promise 5: when every slot is due at once, no more leave than the cap allows; the others are booked anew', async () => {
  const { ids, senderId } = await enrollMany(12, { sender: { caps: { email: { day: 12 } } } });
  // Outside the window nothing leaves yet.
  await setTime(db, TUESDAY - 4 * 3_600_000);
  await walkAll(ids);
  await db.query(`update touches set slot_at = $2 where sender_id = $1`, [senderId, new Date(TUESDAY)]);
  await db.query(`update senders set caps = '{"email": {"day": 4}}' where id = $1`, [senderId]);
  await setTime(db, TUESDAY);
  await walkAll(ids);
  const all = await slots(senderId);
  expect(all.filter(({ state }) => state === 'sent')).toHaveLength(4);
  expect(perDay(all)).toEqual({ '2026-03-10': 4, '2026-03-11': 4, '2026-03-12': 4 });
});

test('promise 5: a backlog that is due at once leaves a gap apart', async () => {
  const { ids, senderId } = await enrollMany(6, { sender: { minGapSeconds: 600 } });
  await setTime(db, TUESDAY - 4 * 3_600_000);
  await walkAll(ids);
  await db.query(`update touches set slot_at = $2 where sender_id = $1`, [senderId, new Date(TUESDAY)]);
  await setTime(db, TUESDAY);
  await walkAll(ids);
  const all = await slots(senderId);
  expect(all.filter(({ state }) => state === 'sent')).toHaveLength(1);
  for (let i = 1; i < all.length; i++) expect(all[i]!.at - all[i - 1]!.at).toBeGreaterThanOrEqual(600_000);
});

test('promise 4: a touch that is late for its window is booked anew, not sent at night', async () => {
  const { ids, senderId } = await enrollMany(1);
  await setTime(db, TUESDAY - 4 * 3_600_000);
  await walkAll(ids);
  // An outage until half past five in the evening.
  await setTime(db, Date.parse('2026-03-10T16:30:00Z'));
  const walked = (await walkAll(ids))[0]!;
  expect(walked.answers.map(({ type }) => type)).toEqual(['slot', 'rebook', 'slot']);
  expect(await slots(senderId)).toEqual([
    { at: Date.parse('2026-03-11T08:00:00Z'), day: '2026-03-11', state: 'booked' },
  ]);
  const { rows } = await db.query('select kind, reason from decisions where enrollment_id = $1', [ids[0]]);
  expect(rows).toEqual([{ kind: 'rebooked', reason: 'window' }]);
});

test('a slot that was booked is the same when it is asked for again, and another when the question is', async () => {
  const { ids } = await enrollMany(1, { sender: { jitterSeconds: 3600 } });
  await setTime(db, TUESDAY - 10 * 3_600_000);
  const walked = (await walkAll(ids))[0]!;
  const repeats = await Promise.all(hosts.map((host) => again(host, ids[0]!)));
  for (const repeat of repeats.filter(({ kind }) => kind === 'answer')) {
    expect(repeat).toMatchObject({ answer: { type: 'slot', slotAt: walked.state!.until } });
  }
  const loaded = await hosts[0]!.activities.load({ enrollmentId: ids[0]! });
  if (loaded.kind !== 'run' || loaded.command?.kind !== 'reserve') throw new Error('a slot was asked for');
  const moved = await hosts[0]!.activities.execute({
    enrollmentId: ids[0]!,
    revision: loaded.revision,
    state: loaded.state!,
    command: { ...loaded.command, base: TUESDAY + 7 * DAY },
    decisions: [],
  });
  expect(moved).toMatchObject({ answer: { type: 'slot' } });
  if (moved.kind !== 'answer' || moved.answer?.type !== 'slot') throw new Error('a slot is answered');
  expect(moved.answer.slotAt).toBeGreaterThanOrEqual(TUESDAY + 7 * DAY);
  const { rows } = await db.query('select id from touches where enrollment_id = $1', [ids[0]]);
  expect(rows).toHaveLength(1);
});

test('contact limits: no more people of one company in any week than the sequence allows, with many workers', async () => {
  const company = await makeCompany(db);
  const { ids, senderId } = await enrollMany(6, {
    companyId: company.id,
    settings: { contactLimits: { coolOff: null, companyPerWeek: 2 } },
  });
  await walkAll(ids);
  expect((await slots(senderId)).filter(({ state }) => state === 'sent')).toHaveLength(2);
  await setTime(db, TUESDAY + 7 * DAY);
  await walkAll(ids.slice()).catch(() => {});
  expect((await slots(senderId)).filter(({ state }) => state === 'sent')).toHaveLength(4);
});

test('contact limits: a lead is left alone for a while after another sequence', async () => {
  const { ids, senderId } = await enrollMany(1);
  await walkAll(ids);
  const { rows } = await db.query<{ lead_id: string }>('select lead_id from enrollments where id = $1', [
    ids[0],
  ]);
  const version = await makeVersion(db, {
    plan: makePlan([touchNode('more')]),
    settings: { contactLimits: { coolOff: { unit: 'days', amount: 2 }, companyPerWeek: null } },
  });
  const launch = await makeLaunch(db, { versionId: version.id, senderIds: [senderId] });
  const second = await makeEnrollment(db, { launchId: launch.id, leadId: rows[0]!.lead_id });
  const walked = await walk(hosts[0]!, second.id);
  expect(walked.answers.map(({ type }) => type)).toEqual(['slot', 'rebook', 'slot']);
  expect(walked.state).toMatchObject({ phase: 'booked', until: TUESDAY + 2 * DAY });
});

test('senders are rotated, and a lead keeps the one it has', async () => {
  const senders = await Promise.all([1, 2, 3].map(() => makeSender(db)));
  const version = await makeVersion(db, {
    plan: makePlan([
      touchNode('one'),
      { id: 'w', kind: 'wait', wait: { unit: 'days', amount: 1 }, next: null },
      touchNode('two'),
    ]),
  });
  const launch = await makeLaunch(db, { versionId: version.id, senderIds: senders.map(({ id }) => id) });
  const ids: string[] = [];
  for (let i = 0; i < 12; i++) {
    const lead = await makeLead(db);
    ids.push((await makeEnrollment(db, { launchId: launch.id, leadId: lead.id })).id);
  }
  await walkAll(ids);
  // One more mailbox does not take over anybody.
  const late = await makeSender(db);
  await db.query('update launches set sender_ids = sender_ids || $2::uuid where id = $1', [
    launch.id,
    late.id,
  ]);
  await setTime(db, TUESDAY + DAY);
  await walkAll(ids);
  const { rows } = await db.query<{ senders: number; touches: number }>(
    `select count(distinct sender_id)::int as senders, count(*)::int as touches from touches
     where enrollment_id = any($1::uuid[]) group by enrollment_id`,
    [ids],
  );
  expect(rows).toEqual(ids.map(() => ({ senders: 1, touches: 2 })));
  const { rows: used } = await db.query(
    'select distinct sender_id from touches where enrollment_id = any($1::uuid[])',
    [ids],
  );
  expect(used.length).toBeGreaterThan(1);
});

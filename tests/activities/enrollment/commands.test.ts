import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { ExecuteResult } from '../../../activities/enrollment/index.ts';
import { createDb, type Db } from '../../../db/db.ts';
import { initialState } from '../../../sequences/engine/reduce.ts';
import type { Command, EngineState } from '../../../sequences/engine/types.ts';
import type { PlanNode } from '../../../sequences/plan.ts';
import { createTestDatabase } from '../../support/database.ts';
import { makeHost, type Host } from '../../support/enrollment-host.ts';
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
let drop: () => Promise<void>;
let pools: Db[];
let hosts: Host[];
beforeAll(async () => {
  let url: string;
  ({ db, url, drop } = await createTestDatabase());
  pools = [1, 2, 3].map((n) => createDb(url, { name: `worker-${n}`, max: 4 }));
  hosts = await Promise.all(pools.map((pool) => makeHost(pool)));
});
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
  await drop();
});
beforeEach(async () => {
  await setTime(db, TUESDAY);
  await Promise.all(hosts.map(({ deps }) => deps.clock.refresh()));
});

const AT = { step: 'hello', visit: 1, attempt: 1 } as const;
const NODES: PlanNode[] = [
  touchNode('hello'),
  touchNode('work', 'task', { giveUpAfter: { unit: 'days', amount: 2 } }),
  { id: 'check', kind: 'if', condition: 'lead.first_name == "Ada"', then: null, otherwise: null },
];
const RESERVE: Command = { kind: 'reserve', ...AT, base: TUESDAY, waits: [], first: true };

async function enroll(): Promise<{ id: string; leadId: string }> {
  const sender = await makeSender(db);
  const lead = await makeLead(db);
  const version = await makeVersion(db, { plan: makePlan(NODES) });
  const launch = await makeLaunch(db, { versionId: version.id, senderIds: [sender.id] });
  return { id: (await makeEnrollment(db, { launchId: launch.id, leadId: lead.id })).id, leadId: lead.id };
}

async function execute(id: string, command: Command, host = hosts[0]!): Promise<ExecuteResult> {
  const { rows } = await db.query<{ revision: number }>('select revision from enrollments where id = $1', [
    id,
  ]);
  return run(host, id, rows[0]!.revision, command);
}

function run(host: Host, enrollmentId: string, revision: number, command: Command): Promise<ExecuteResult> {
  const phase: EngineState['phase'] = command.kind === 'sleep' ? 'booked' : 'entering';
  const state: EngineState = { ...initialState({ seed: 1, at: TUESDAY }), step: 'hello', phase };
  const decisions = [{ at: TUESDAY, step: 'hello', kind: 'test', reason: 'test' }];
  return host.activities.execute({ enrollmentId, revision, state, command, decisions });
}

const COMMANDS: Record<string, { before?: Command[]; command: Command }> = {
  reserve: { command: RESERVE },
  'perform of a message': { before: [RESERVE], command: { kind: 'perform', ...AT, asTask: false } },
  'perform of a task': {
    before: [{ ...RESERVE, step: 'work' }],
    command: { kind: 'perform', ...AT, step: 'work', asTask: false },
  },
  delay: {
    command: { kind: 'delay', step: 'hello', base: TUESDAY, waits: [{ unit: 'business_days', amount: 3 }] },
  },
  evaluate: { command: { kind: 'evaluate', step: 'check' } },
  'release of a slot': {
    before: [RESERVE],
    command: { kind: 'release', ...AT, reason: 'skipped_by_person' },
  },
  'release of a task': {
    before: [
      { ...RESERVE, step: 'work' },
      { kind: 'perform', ...AT, step: 'work', asTask: false },
    ],
    command: { kind: 'release', ...AT, step: 'work', reason: 'gave_up' },
  },
  sleep: { command: { kind: 'sleep', until: TUESDAY + 1000 } },
};

/** Everything that a command may leave behind, without what counts the times it was asked. */
async function traces(id: string, leadId: string): Promise<unknown> {
  const read = async (text: string, value: string) => (await db.query(text, [value])).rows;
  return {
    touches: await read(
      'select id, state, slot_at, at, reason from touches where enrollment_id = $1 order by id',
      id,
    ),
    tasks: await read('select id, state, due_at from tasks where enrollment_id = $1 order by id', id),
    callbacks: await read('select event_id, type from callbacks where lead_id = $1 order by id', leadId),
    sender: await read('select channel, sender_id from lead_senders where lead_id = $1', leadId),
    own: await read(
      `select kind, reason from decisions where enrollment_id = $1 and kind <> 'test' order by id`,
      id,
    ),
  };
}

test.each(Object.entries(COMMANDS))(
  '%s, carried out again after a crash, answers the same and does nothing twice',
  async (_name, { before = [], command }) => {
    const { id, leadId } = await enroll();
    for (const one of before) await execute(id, one);
    const first = await execute(id, command);
    const left = await traces(id, leadId);
    const sent = hosts.map(({ provider }) => provider.sent.length);
    for (const host of hosts) {
      const repeated = await execute(id, command, host);
      expect(repeated).toEqual({ ...first, revision: expect.any(Number) });
    }
    expect(await traces(id, leadId)).toEqual(left);
    expect(hosts.map(({ provider }) => provider.sent.length)).toEqual(sent);
  },
);

test.each(Object.entries(COMMANDS))(
  '%s, asked for by many at once from the same state, is carried out by one',
  async (_name, { before = [], command }) => {
    const { id } = await enroll();
    for (const one of before) await execute(id, one);
    const { rows } = await db.query<{ revision: number }>('select revision from enrollments where id = $1', [
      id,
    ]);
    const results = await Promise.all(
      [...hosts, ...hosts].map((host) => run(host, id, rows[0]!.revision, command)),
    );
    expect(results.filter(({ kind }) => kind === 'answer')).toHaveLength(1);
    expect(results.filter(({ kind }) => kind === 'stale')).toHaveLength(5);
    const decisions = await db.query(`select from decisions where enrollment_id = $1 and kind = 'test'`, [
      id,
    ]);
    expect(decisions.rowCount).toBe(before.length + 1);
  },
);

test('finish, by many at once, ends the enrollment once and enrolls the successor once', async () => {
  const next = await makeVersion(db, { plan: makePlan([touchNode('back')]), name: 'come-back' });
  const { id, leadId } = await enroll();
  await execute(id, RESERVE);
  const finish: Command = { kind: 'finish', outcome: 'finished', reason: 'reactivated', next: next.name };
  const { rows } = await db.query<{ revision: number }>('select revision from enrollments where id = $1', [
    id,
  ]);
  const results = await Promise.all(hosts.map((host) => run(host, id, rows[0]!.revision, finish)));
  expect(results.filter(({ kind }) => kind === 'done')).toHaveLength(1);
  for (const result of results.filter(({ kind }) => kind !== 'done')) {
    expect([{ kind: 'ended', reason: 'reactivated' }, { kind: 'stale' }]).toContainEqual(result);
  }
  expect(await execute(id, finish)).toEqual({ kind: 'ended', reason: 'reactivated' });
  const all = await db.query(
    'select status, reactivated_from from enrollments where lead_id = $1 order by created_at, status',
    [leadId],
  );
  expect(all.rows).toEqual(
    expect.arrayContaining([
      { status: 'finished', reactivated_from: null },
      { status: 'running', reactivated_from: id },
    ]),
  );
  expect(all.rows).toHaveLength(2);
  expect((await db.query('select state from touches where enrollment_id = $1', [id])).rows).toEqual([
    { state: 'cancelled' },
  ]);
});

test('reactivation with a sequence that is not there ends the enrollment and says so', async () => {
  const { id } = await enroll();
  await execute(id, { kind: 'finish', outcome: 'finished', reason: 'reactivated', next: 'nowhere' });
  const { rows } = await db.query(
    `select kind, reason from decisions where enrollment_id = $1 and kind <> 'test' order by id`,
    [id],
  );
  expect(rows).toEqual([
    { kind: 'finished', reason: 'reactivated' },
    { kind: 'not_reactivated', reason: 'no_such_sequence' },
  ]);
});

test('an enrollment that waits for capacity, has ended or is gone is not run', async () => {
  const { id, leadId } = await enroll();
  await db.query(`update enrollments set status = 'pending', reason = 'waits_for_capacity' where id = $1`, [
    id,
  ]);
  expect(await hosts[0]!.activities.load({ enrollmentId: id })).toEqual({
    kind: 'ended',
    reason: 'waits_for_capacity',
  });
  await db.query('delete from leads where id = $1', [leadId]);
  expect(await hosts[0]!.activities.look({ enrollmentId: id, seen: 0 })).toEqual({
    kind: 'ended',
    reason: 'erased',
  });
});

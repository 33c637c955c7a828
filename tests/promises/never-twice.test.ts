import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { settleTouch } from '../../db/settle.ts';
import { startTestStack, type TestStack, type WorkerProcess } from '../support/stack.ts';
import {
  addSenders,
  everybodyEnded,
  launch,
  receivedSteps,
  repeated,
  seededRandom,
  stepsByLead,
} from './world.ts';

jest.setTimeout(900_000);

const LEADS = 200;
const KILLS = 5;
const LEASE_SECONDS = 10;

const SEQUENCE = `
name: never-twice
stop_on: { replied: lead }
steps:
  - id: first
    email: { subject: "Hello {{ lead.first_name }}", body: "Are you there?" }
  - wait: 2 days
  - id: text
    sms: { text: "Are you there, {{ lead.first_name }}?" }
  - wait: 2 days
  - id: last
    email: { subject: "Still there, {{ lead.first_name }}?", body: "Last one." }
`;

let stack: TestStack;

beforeAll(async () => {
  stack = await startTestStack({
    timeLapse: { startAt: new Date('2026-03-09T07:00:00Z'), msPerDay: 1000 },
    behaviour: { latencyMs: [0, 3000] },
    worker: false,
    crm: false,
    env: { CADENZA_SEND_LEASE_SECONDS: String(LEASE_SECONDS) },
  });
});
afterAll(() => stack.stop());

test('promise 1: workers killed at random moments send nothing twice, and what is missing is unconfirmed, at most one for each send in flight', async () => {
  const { db, sandbox } = stack;
  const random = seededRandom('never twice');
  // A few seconds between two sends of one sender keep some dozens in flight at any moment.
  const gap = { minGapSeconds: 7 };
  await addSenders(stack, 'email', [gap, gap, gap]);
  await addSenders(stack, 'sms', [gap, gap, gap]);
  let workers: WorkerProcess[] = await Promise.all([stack.startWorkerProcess(), stack.startWorkerProcess()]);
  const launched = await launch(stack, SEQUENCE, { leads: LEADS });

  const inFlight = new Set<string>();
  const kill = async (victim: WorkerProcess) => {
    await victim.kill();
    const { rows } = await db.query<{ id: string }>(
      `select id from touches where state = 'sending' and lease_owner = $1`,
      [`${hostname()}:${victim.pid}`],
    );
    for (const { id } of rows) inFlight.add(id);
  };
  // Moments of the run, not of the machine: after so many messages, and a little later.
  const moments = Array.from({ length: KILLS }, () => 5 + Math.floor(random.next() * LEADS * 2)).sort(
    (a, b) => a - b,
  );
  for (const moment of moments) {
    await stack.until(async () => sandbox.received().length >= moment, `${moment} messages`, 300_000);
    await sleep(random.next() * 1500);
    // Now and then the whole machine goes.
    const victims = random.next() < 0.25 ? workers : [workers[Math.floor(random.next() * workers.length)]!];
    await Promise.all(victims.map(kill));
    const fresh = await Promise.all(victims.map(() => stack.startWorkerProcess()));
    workers = [...workers.filter((worker) => !victims.includes(worker)), ...fresh];
  }
  expect(inFlight.size).toBeGreaterThan(0);
  await everybodyEnded(stack, launched, 300_000, ['unconfirmed']);

  const taken = await receivedSteps(stack);
  expect(repeated(taken.map(({ touchId }) => touchId))).toEqual([]);
  expect(repeated(taken.map(({ leadId, stepId }) => `${leadId} ${stepId}`))).toEqual([]);
  const { rows: touches } = await db.query<{ id: string; lead_id: string; step_id: string; state: string }>(
    'select id, lead_id, step_id, state from touches',
  );
  const unconfirmed = touches.filter(({ state }) => state === 'unconfirmed');
  // Each is one of those that were in flight at a kill, so there are at most as many; nothing else is open.
  expect(unconfirmed.filter(({ id }) => !inFlight.has(id))).toEqual([]);
  expect(touches.filter(({ state }) => !['sent', 'failed', 'unconfirmed'].includes(state))).toEqual([]);
  // Whatever says that it was sent, was; and nothing was taken that says that it failed.
  const there = new Set(taken.map(({ touchId }) => touchId));
  expect(touches.filter(({ id, state }) => state === 'sent' && !there.has(id))).toEqual([]);
  expect(touches.filter(({ id, state }) => state === 'failed' && there.has(id))).toEqual([]);
  // Everybody has every step, but for those who stand at an unconfirmed one.
  const missing = new Map(unconfirmed.map(({ lead_id, step_id }) => [lead_id, step_id]));
  const steps = await stepsByLead(stack);
  const all = ['first', 'text', 'last'];
  for (const { id } of launched.leads) {
    const held = missing.get(id);
    const sure = held === undefined ? all : all.slice(0, all.indexOf(held));
    expect((steps.get(id) ?? []).filter((step) => step !== held)).toEqual(sure);
  }

  // A person looks into the mailbox and settles them: everybody goes on, and still nothing is there twice.
  const waker = await stack.services.waker();
  for (let open = unconfirmed; open.length > 0;) {
    for (const { id } of open) await waker.enrollments((await settleTouch(db, id, there.has(id))).wake);
    // Nobody may rest at `unconfirmed` any more: the word stays in the reason until the verdict is taken in.
    await everybodyEnded(stack, launched, 240_000);
    open = (await db.query<(typeof touches)[number]>(`select * from touches where state = 'unconfirmed'`))
      .rows;
    expect(open).toEqual([]);
  }
  const complete = await stepsByLead(stack);
  expect(launched.leads.filter(({ id }) => complete.get(id)?.join() !== all.join())).toEqual([]);
  process.stderr.write(
    `never twice: ${inFlight.size} in flight at ${KILLS} kills, ${unconfirmed.length} unconfirmed\n`,
  );
  await Promise.all(workers.map((worker) => worker.stop()));
});

import { afterEach, expect, jest, test } from '@jest/globals';
import { recordLeadEvent } from '../../db/events.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import {
  addSenders,
  everybodyEnded,
  launch,
  receivedSteps,
  repeated,
  standing,
  stepsByLead,
} from './world.ts';

jest.setTimeout(300_000);

let stack: TestStack | undefined;

afterEach(async () => {
  await stack?.stop();
  stack = undefined;
});

test('promise 2: when Temporal loses everything in the middle of a run, the sweep goes on from PostgreSQL, and nothing goes out twice', async () => {
  stack = await startTestStack({
    ownTemporal: true,
    timeLapse: { startAt: new Date('2026-03-09T07:00:00Z'), msPerDay: 1000 },
    behaviour: { latencyMs: [100, 800] },
    worker: { times: { leaseMs: 20_000 } },
  });
  const { sandbox } = stack;
  const gap = { minGapSeconds: 10 };
  await addSenders(stack, 'email', [gap, gap]);
  await addSenders(stack, 'sms', [gap]);
  const launched = await launch(
    stack,
    `
name: never-stuck
steps:
  - id: first
    email: { subject: Hello, body: "Are you there?" }
  - wait: 2 days
  - id: text
    sms: { text: "Are you there?" }
  - wait_for: { event: accepted, within: 1 day }
    then: [ { id: never, email: { subject: Never, body: Never } } ]
    else: [ { id: last, email: { subject: Last, body: "Last one." } } ]
`,
    { leads: 60 },
  );
  const reached = (count: number) =>
    stack!.until(async () => sandbox.received().length >= count, `${count} touches`, 120_000);
  await reached(30);
  await stack.loseTemporal();
  await reached(90);
  await stack.loseTemporal();
  await everybodyEnded(stack, launched, 150_000);

  expect(await standing(stack, launched)).toEqual({ 'finished completed': 60 });
  expect(repeated((await receivedSteps(stack)).map(({ touchId }) => touchId))).toEqual([]);
  const steps = await stepsByLead(stack);
  expect(launched.leads.filter(({ id }) => steps.get(id)?.join() !== 'first,text,last')).toEqual([]);
});

test('promise 2: news whose signal was lost is taken in within a minute, and leads that cannot go on hold up nobody', async () => {
  // Sweeping as seldom as in production.
  stack = await startTestStack({ worker: { sweepMs: 15_000 }, crm: false });
  const { db, services, sandbox } = stack;
  await addSenders(stack, 'email', [{}, {}]);
  const attributes = [{ plan: 'gold' }, { plan: 'gold' }, {}];
  const launched = await launch(
    stack,
    `
name: poison
steps:
  - id: first
    email: { subject: Hello, body: "You have the {{ lead.attributes.plan }} plan." }
  - wait_for: { event: accepted, within: 5 days }
    then: [ { id: thanks, email: { subject: Thanks, body: "Thank you." } } ]
    else: [ { id: never, email: { subject: Never, body: Never } } ]
`,
    {
      leads: 12,
      always: true,
      // One in three cannot be written to: its text misses a variable.
      each: (index) => ({ attributes: attributes[index % 3]! as Record<string, string> }),
      // And two are broken beyond anything that code expects: a state at a step that is nowhere, and no state at all.
      before: async ({ leads }) => {
        const garbage = [
          { state: { format: 1, step: 'nowhere' }, command: { kind: 'sleep', until: 0 } },
          { state: [], command: { kind: 'nonsense' } },
        ];
        for (const [index, engine] of garbage.entries()) {
          await db.query('update enrollments set engine = $2 where lead_id = $1', [
            leads[index]!.id,
            JSON.stringify(engine),
          ]);
        }
      },
    },
  );
  const well = launched.leads.filter((_, index) => index > 1 && index % 3 !== 2).map(({ id }) => id);
  await stack.until(
    async () => sandbox.received().length >= well.length,
    'everybody else is written to',
    30_000,
  );
  expect([...(await stepsByLead(stack)).keys()].sort()).toEqual([...well].sort());

  // Stored, and nobody is told.
  const told = performance.now();
  for (const leadId of well) {
    await recordLeadEvent(db, services.hashIdentity, { leadId, type: 'accepted', channel: 'linkedin' });
  }
  await stack.until(
    async () =>
      (
        await db.query(`select from enrollments where lead_id = any($1::uuid[]) and status = 'finished'`, [
          well,
        ])
      ).rowCount === well.length,
    'everybody else is through',
    60_000,
  );
  expect(performance.now() - told).toBeLessThan(60_000);
  const steps = await stepsByLead(stack);
  expect(well.map((id) => steps.get(id)?.join())).toEqual(well.map(() => 'first,thanks'));
  const { rows } = await db.query<{ held: boolean; n: number }>(
    `select held, count(*)::int as n from enrollments where status = 'running' group by held order by held`,
  );
  expect(rows).toEqual([
    { held: false, n: 2 },
    { held: true, n: 4 },
  ]);
});

import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { resumeTarget } from '../../api/operations/control.ts';
import { wallNow } from '../../common/clock.ts';
import { stopLaunch, stopLead } from '../../db/controls.ts';
import type { Db } from '../../db/db.ts';
import { recordLeadEvent } from '../../db/events.ts';
import { pause } from '../../db/pauses.ts';
import type { Scope, SendingTouch } from '../../db/scopes.ts';
import { suppress } from '../../db/suppressions.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { addSenders, everybodyEnded, launch, standing, stepsByLead } from './world.ts';

jest.setTimeout(600_000);

const LEADS = 40;
const STEPS = ['one', 'two', 'three', 'four', 'five', 'six'];
// Nobody waits for anything: each lead has a touch under way at almost any moment.
const FULL_FLOW = `
name: full-flow
stop_on: { replied: lead }
steps:
${STEPS.map((id) => `  - id: ${id}\n    email: { subject: ${id}, body: "Hello {{ lead.first_name }}" }`).join('\n')}
`;
/** Long enough for whoever overtook a stop or pause to show. */
const A_WHILE_MS = 2500;

let stack: TestStack;
let senders: string[];

beforeEach(async () => {
  stack = await startTestStack({ behaviour: { latencyMs: [50, 300] }, crm: false });
  senders = await addSenders(stack, 'email', [{}, {}, {}]);
  await stack.startWorkerProcess();
  await watch(stack.db);
});
afterEach(() => stack.stop());

/** Writes down, in the very transaction of a pause or stop and under its locks, which touches are or were `sending` then. */
async function watch(db: Db): Promise<void> {
  await db.query(`
    create table gone (scope text, scope_id uuid, touch_id uuid, state text);
    create function note_gone() returns trigger language plpgsql as $$
    begin
      if tg_table_name = 'pauses' then
        insert into gone select new.scope, new.scope_id, id, state from touches where sending_at is not null;
      elsif tg_table_name = 'launches' then
        insert into gone select 'stop', new.id, id, state from touches where sending_at is not null;
      else
        insert into gone select 'stop', new.lead_id, id, state from touches where sending_at is not null and lead_id = new.lead_id;
      end if;
      return new;
    end $$;
    create trigger note_gone after insert on pauses for each row execute function note_gone();
    create trigger note_gone after update of status on launches for each row execute function note_gone();
    create trigger note_gone after update of status on enrollments for each row
      when (old.status = 'running' and new.status = 'stopped') execute function note_gone();`);
}

/** What became `sending` in spite of it, and what was `sending` at that moment. */
async function since(scope: string, scopeId: string | null, covers = 'true') {
  const mine = `scope = $1 and scope_id is not distinct from $2::uuid`;
  const { rows: overtook } = await stack.db.query(
    `select t.id, t.state from touches t
     where t.sending_at is not null and ${covers} and not exists (select from gone where touch_id = t.id and ${mine})`,
    [scope, scopeId],
  );
  const { rows: sending } = await stack.db.query<{ id: string }>(
    `select g.touch_id as id from gone g join touches t on t.id = g.touch_id where g.state = 'sending' and ${mine} and ${covers}`,
    [scope, scopeId],
  );
  return { overtook, sending: sending.map(({ id }) => id).sort() };
}

/** What an answer names was `sending` then, and whatever the sandbox took after `answeredAt` is named. */
function expectNamed(
  answer: readonly SendingTouch[],
  sending: readonly string[],
  answeredAt: number,
  covers: (touchId: string) => boolean = () => true,
): void {
  const named = answer.map(({ touchId }) => touchId);
  expect(named.filter((id) => !sending.includes(id))).toEqual([]);
  const later = stack.sandbox.received().filter(({ at }) => Date.parse(at) > answeredAt);
  expect(later.map(({ touchId }) => touchId!).filter((id) => covers(id) && !named.includes(id))).toEqual([]);
}

const flowing = (count: number) =>
  stack.until(async () => stack.sandbox.received().length >= count, `${count} touches`, 90_000);

test('promises 3 and 6: in full flow nothing becomes sending after a pause, its answer names what may still leave, and resuming loses nobody', async () => {
  const { db, services, sandbox } = stack;
  const launched = await launch(stack, FULL_FLOW, { leads: LEADS, always: true });
  const { rows: sequences } = await db.query<{ id: string }>(
    `select id from sequences where name = 'full-flow'`,
  );
  const scopes: [Scope, string | null, string][] = [
    ['all', null, 'true'],
    ['sequence', sequences[0]!.id, 'true'],
    ['launch', launched.launchId, 'true'],
    ['sender', senders[0]!, `t.sender_id = '${senders[0]}'`],
  ];
  for (const [index, [scope, scopeId, covers]] of scopes.entries()) {
    await flowing(15 + index * 45);
    const paused = await pause(db, { scope, scopeId, reason: 'test' });
    const answeredAt = wallNow();
    await sleep(A_WHILE_MS);
    const { overtook, sending } = await since(scope, scopeId, covers);
    expect(overtook).toEqual([]);
    const { rows: concerned } = await db.query<{ id: string }>(`select t.id from touches t where ${covers}`);
    const ids = new Set(concerned.map(({ id }) => id));
    expectNamed(paused.sending, sending, answeredAt, (id) => ids.has(id));
    if (scope !== 'sender') {
      const before = sandbox.received().length;
      await sleep(500);
      expect(sandbox.received()).toHaveLength(before);
      expect(before).toBeLessThan(LEADS * STEPS.length);
    }
    const resumed = await resumeTarget(db, { scope, scopeId, name: scope });
    expect(resumed.resumed).toBe(true);
    await (await services.waker()).enrollments(resumed.wake);
  }
  await everybodyEnded(stack, launched, 120_000);
  expect(await standing(stack, launched)).toEqual({ 'finished completed': LEADS });
  const steps = await stepsByLead(stack);
  expect(launched.leads.filter(({ id }) => steps.get(id)?.join() !== STEPS.join())).toEqual([]);
});

test('promise 3: in full flow nothing becomes sending after a stop, a suppression, an unsubscription or a reply', async () => {
  const { db, services } = stack;
  const { hashIdentity } = services;
  const launched = await launch(stack, FULL_FLOW, { leads: LEADS, always: true });
  const event = (leadId: string, type: 'unsubscribed' | 'replied') =>
    recordLeadEvent(db, hashIdentity, { leadId, type, channel: 'email' });
  const ways = [
    (id: string) => stopLead(db, id),
    (id: string) => suppress(db, hashIdentity, { leadId: id }, { channel: null, reason: 'by_a_person' }),
    (id: string) => event(id, 'unsubscribed'),
    (id: string) => event(id, 'replied'),
  ];
  await flowing(20);
  const chosen = launched.leads.slice(0, LEADS / 2);
  const answers = await Promise.all(chosen.map(({ id }, index) => ways[index % ways.length]!(id)));
  const answeredAt = wallNow();
  await sleep(A_WHILE_MS);
  let stoppedRunning = 0;
  for (const [index, { id }] of chosen.entries()) {
    const { overtook, sending } = await since('stop', id, `t.lead_id = '${id}'`);
    expect(overtook).toEqual([]);
    const { rows: own } = await db.query<{ id: string }>('select id from touches where lead_id = $1', [id]);
    const ids = new Set(own.map((row) => row.id));
    expectNamed(answers[index]!.sending, sending, answeredAt, (touchId) => ids.has(touchId));
    stoppedRunning += (await stepsByLead(stack)).get(id)?.length === STEPS.length ? 0 : 1;
  }
  expect(stoppedRunning).toBeGreaterThan(0);
  await everybodyEnded(stack, launched, 60_000);
});

test('promise 3: in full flow nothing becomes sending after the whole launch is stopped', async () => {
  const { db } = stack;
  const launched = await launch(stack, FULL_FLOW, { leads: LEADS, always: true });
  await flowing(20);
  const stopped = await stopLaunch(db, launched.launchId);
  const stoppedAt = wallNow();
  await sleep(A_WHILE_MS);
  const { overtook, sending } = await since('stop', launched.launchId);
  expect(overtook).toEqual([]);
  expectNamed(stopped.sending, sending, stoppedAt);
  await everybodyEnded(stack, launched, 60_000);
  // What was under way at that moment comes to its end too.
  await stack.until(
    async () => (await db.query(`select from touches where state = 'sending'`)).rowCount === 0,
    'nothing is sending any more',
    60_000,
  );
  expect((await standing(stack, launched))['stopped launch_stopped']).toBeGreaterThan(0);
});

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { effectOf, initialState, reduce } from '../../../sequences/engine/reduce.ts';
import type {
  Answer,
  Command,
  EngineEvent,
  InboxEvent,
  Transition,
} from '../../../sequences/engine/types.ts';
import type { Plan, PlanNode, TouchNode } from '../../../sequences/plan.ts';

const DAY = 86_400_000;

const touch = (id: string, next: string | null, more: Partial<TouchNode> = {}): TouchNode => ({
  kind: 'touch',
  id,
  next,
  channel: 'email',
  action: 'email',
  review: false,
  onFailure: 'continue',
  ...more,
});
const days = (amount: number) => ({ unit: 'days', amount }) as const;

function plan(nodes: PlanNode[], stopOn: Partial<Plan['stopOn']> = {}): Plan {
  return {
    format: 1,
    start: nodes[0]?.id ?? null,
    nodes: Object.fromEntries(nodes.map((node) => [node.id, node])),
    stopOn: {
      replied: 'lead',
      bounced: 'lead',
      unsubscribed: 'lead',
      meeting_booked: 'lead',
      goal: 'lead',
      ...stopOn,
    },
  };
}

/** Feeds events one after the other and returns the last transition with every command met. */
function run(of: Plan, events: EngineEvent[], seed = 1): { last: Transition; commands: Command[] } {
  let last: Transition = reduce(of, initialState({ seed, at: 0 }), { type: 'begin', at: 0 });
  const commands = [last.command];
  for (const event of events) {
    last = reduce(of, last.state, event);
    commands.push(last.command);
  }
  return { last, commands };
}

const kinds = (commands: Command[]) => commands.map((command) => command.kind);

test('waits before a touch become part of its reservation: one timer a touch', () => {
  const two = plan([touch('a', 'w'), { kind: 'wait', id: 'w', wait: days(2), next: 'b' }, touch('b', null)]);
  const { commands, last } = run(two, [
    { type: 'slot', at: 0, slotAt: 5 },
    { type: 'due', at: 5 },
    { type: 'sent', at: 6 },
  ]);
  expect(kinds(commands)).toEqual(['reserve', 'sleep', 'perform', 'reserve']);
  expect(commands[0]).toMatchObject({ step: 'a', first: true, waits: [] });
  expect(last.command).toMatchObject({ kind: 'reserve', step: 'b', base: 6, waits: [days(2)], first: false });
});

test('promise 4: a skipped or failed step does not shorten the delay that follows it', () => {
  const of = plan([touch('a', 'w'), { kind: 'wait', id: 'w', wait: days(2), next: 'b' }, touch('b', null)]);
  for (const answer of [
    { type: 'skipped', at: DAY, reason: 'no_email' },
    { type: 'failed', at: DAY, code: 'refused' },
  ] satisfies Answer[]) {
    const { last } = run(of, [{ type: 'slot', at: 0, slotAt: DAY }, { type: 'due', at: DAY }, answer]);
    expect(last.command).toMatchObject({ kind: 'reserve', step: 'b', base: DAY, waits: [days(2)] });
  }
});

test('promise 1: only a proven refusal makes a next attempt', () => {
  const of = plan([touch('a', null)]);
  const performed: EngineEvent[] = [
    { type: 'slot', at: 0, slotAt: 1 },
    { type: 'due', at: 1 },
  ];
  expect(
    run(of, [...performed, { type: 'later', at: 2, notBefore: 60, code: 'busy' }]).last.command,
  ).toMatchObject({ kind: 'reserve', attempt: 2, base: 60 });
  expect(
    run(of, [...performed, { type: 'rebook', at: 2, notBefore: 60, reason: 'cap' }]).last.command,
  ).toMatchObject({ kind: 'reserve', attempt: 1, base: 60 });
  const unconfirmed: EngineEvent[] = [...performed, { type: 'unconfirmed', at: 2 }];
  expect(run(of, unconfirmed).last.command).toEqual({ kind: 'sleep', until: null });
  const settle = (sent: boolean): InboxEvent => ({
    type: 'settled',
    seq: 1,
    at: 9,
    step: 'a',
    visit: 1,
    sent,
  });
  expect(run(of, [...unconfirmed, settle(true)]).last.command).toMatchObject({
    kind: 'finish',
    reason: 'completed',
  });
  expect(run(of, [...unconfirmed, settle(false)]).last.command).toMatchObject({
    kind: 'reserve',
    attempt: 2,
  });
  // Neither a skip nor a resume gets past an unknown outcome.
  expect(run(of, [...unconfirmed, { type: 'skip', seq: 1, at: 3 }]).last.command.kind).toBe('sleep');
  expect(run(of, [...unconfirmed, { type: 'resume', seq: 1, at: 3 }]).last.command.kind).toBe('sleep');
});

test('promise 6: a paused lead books a new slot for the same step when it is resumed', () => {
  const of = plan([touch('a', null)]);
  const { commands } = run(of, [
    { type: 'slot', at: 0, slotAt: 1 },
    { type: 'due', at: 1 },
    { type: 'paused', at: 1, scope: 'launch' },
    { type: 'resume', seq: 4, at: 50 },
  ]);
  expect(commands.slice(-2)).toMatchObject([
    { kind: 'sleep', until: null },
    { kind: 'reserve', step: 'a', attempt: 1 },
  ]);
});

test('wait_for goes on by its event, by its end, or at once when the event came before', () => {
  const of = plan([
    { kind: 'wait_for', id: 'f', event: 'accepted', within: days(5), then: 'yes', otherwise: 'no' },
    touch('yes', null),
    touch('no', null),
  ]);
  const slept: EngineEvent[] = [{ type: 'until', at: 0, until: 5 * DAY }];
  expect(run(of, slept).commands[0]).toMatchObject({ kind: 'delay', waits: [days(5)] });
  expect(
    run(of, [...slept, { type: 'event', seq: 1, at: DAY, name: 'accepted' }]).last.command,
  ).toMatchObject({ kind: 'reserve', step: 'yes', base: DAY });
  expect(run(of, [...slept, { type: 'due', at: 5 * DAY + 7 }]).last.command).toMatchObject({
    kind: 'reserve',
    step: 'no',
    base: 5 * DAY,
  });
  const after = plan([touch('a', 'f'), ...Object.values(of.nodes)]);
  const early = run(after, [
    { type: 'slot', at: 0, slotAt: 1 },
    { type: 'event', seq: 1, at: 1, name: 'accepted' },
    { type: 'due', at: 1 },
    { type: 'sent', at: 1 },
  ]);
  expect(early.last.command).toMatchObject({ kind: 'reserve', step: 'yes' });
});

test('promise 3: a stop rule stops, unless the lead stands at a step that waits for just that', () => {
  const of = plan([
    { kind: 'wait_for', id: 'f', event: 'replied', within: days(5), then: null, otherwise: 'no' },
    touch('no', null),
  ]);
  const waiting = run(of, [{ type: 'until', at: 0, until: DAY }]).last.state;
  expect(effectOf(of, waiting, 'replied')).toBe('feed');
  expect(effectOf(of, waiting, 'unsubscribed')).toBe('stop');
  expect(effectOf(of, null, 'replied')).toBe('stop');
  expect(effectOf(plan([touch('a', null)], { replied: 'none' }), null, 'replied')).toBe('feed');
  expect(effectOf(of, null, 'opened')).toBe('feed');
});

test('promise 3: an answer that was stored for a branch, and is read when its wait has just run out, stops', () => {
  const of = plan([
    { kind: 'wait_for', id: 'f', event: 'replied', within: days(5), then: null, otherwise: 'no' },
    touch('no', null),
  ]);
  const late: EngineEvent[] = [
    { type: 'until', at: 0, until: 5 * DAY },
    { type: 'due', at: 5 * DAY },
    { type: 'slot', at: 5 * DAY, slotAt: 6 * DAY },
    { type: 'event', seq: 1, at: 5 * DAY, name: 'replied' },
  ];
  expect(run(of, late).last.command).toEqual({
    kind: 'finish',
    outcome: 'stopped',
    reason: 'replied',
    next: null,
  });
  const harmless = plan(Object.values(of.nodes), { replied: 'none' });
  expect(run(harmless, late).last.command).toEqual({ kind: 'sleep', until: 6 * DAY });
});

test('an outcome takes its branch; one without a branch goes to the next step; a task left undone is given up', () => {
  const of = plan([
    touch('ring', 'next', { channel: 'call', action: 'call', outcomes: { connected: 'talked' } }),
    touch('next', null),
    touch('talked', null),
  ]);
  const open: EngineEvent[] = [
    { type: 'slot', at: 0, slotAt: 1 },
    { type: 'due', at: 1 },
    { type: 'task_open', at: 1, giveUpAt: DAY },
  ];
  const done = (outcome: string): InboxEvent => ({
    type: 'task_done',
    seq: 1,
    at: 5,
    step: 'ring',
    visit: 1,
    outcome,
  });
  expect(run(of, [...open, done('connected')]).last.command).toMatchObject({ step: 'talked' });
  expect(run(of, [...open, done('no_answer')]).last.command).toMatchObject({ step: 'next' });
  const gaveUp = run(of, [...open, { type: 'due', at: DAY }, { type: 'released', at: DAY }]);
  expect(gaveUp.commands.at(-2)).toMatchObject({ kind: 'release', reason: 'gave_up' });
  expect(gaveUp.last.command).toMatchObject({ step: 'next', base: DAY });
});

test('a message to someone not connected waits, goes out on acceptance, or takes its else', () => {
  const of = plan([
    touch('dm', 'next', {
      channel: 'linkedin',
      action: 'message',
      waitForConnection: days(3),
      otherwise: 'mail',
    }),
    touch('next', null),
    touch('mail', null),
  ]);
  const waiting: EngineEvent[] = [
    { type: 'slot', at: 0, slotAt: 1 },
    { type: 'due', at: 1 },
    { type: 'not_connected', at: 1, waitUntil: 3 * DAY },
  ];
  expect(
    run(of, [...waiting, { type: 'event', seq: 1, at: DAY, name: 'accepted' }]).last.command,
  ).toMatchObject({ kind: 'reserve', step: 'dm', base: DAY });
  const missed = run(of, [...waiting, { type: 'due', at: 3 * DAY }, { type: 'released', at: 3 * DAY }]);
  expect(missed.last.command).toMatchObject({ kind: 'reserve', step: 'mail' });
});

test('on_failure decides: go on, stop, or make it a task', () => {
  const failed: EngineEvent[] = [
    { type: 'slot', at: 0, slotAt: 1 },
    { type: 'due', at: 1 },
    { type: 'failed', at: 2, code: 'refused' },
  ];
  expect(run(plan([touch('a', null, { onFailure: 'stop' })]), failed).last.command).toMatchObject({
    kind: 'finish',
    outcome: 'stopped',
  });
  expect(run(plan([touch('a', null, { onFailure: 'task' })]), failed).last.command).toMatchObject({
    kind: 'perform',
    asTask: true,
  });
  expect(run(plan([touch('a', null)]), failed).last.command).toMatchObject({
    kind: 'finish',
    outcome: 'finished',
  });
});

test('reactivate waits its days after the last touch and names the sequence that goes on', () => {
  const of = plan([
    touch('a', 'again'),
    { kind: 'reactivate', id: 'again', after: days(21), with: 'reactivation' },
  ]);
  const { commands, last } = run(of, [
    { type: 'slot', at: 0, slotAt: 1 },
    { type: 'due', at: 1 },
    { type: 'sent', at: 1 },
    { type: 'until', at: 1, until: 21 * DAY },
    { type: 'due', at: 21 * DAY },
  ]);
  expect(commands[3]).toMatchObject({ kind: 'delay', base: 1, waits: [days(21)] });
  expect(last.command).toMatchObject({ kind: 'finish', reason: 'reactivated', next: 'reactivation' });
});

test('arms are taken by weight and always the same by lead', () => {
  const of = plan([
    {
      kind: 'split',
      id: 's',
      arms: [
        { name: 'a', weight: 25, next: 'a' },
        { name: 'b', weight: 75, next: 'b' },
      ],
    },
    touch('a', null),
    touch('b', null),
  ]);
  const taken = Array.from(
    { length: 4000 },
    (_, seed) => (run(of, [], seed * 7919).last.command as { step: string }).step,
  );
  const share = taken.filter((step) => step === 'a').length / taken.length;
  expect(share).toBeGreaterThan(0.22);
  expect(share).toBeLessThan(0.28);
  expect(run(of, [], 42).last.command).toEqual(run(of, [], 42).last.command);
});

test('a person moves what comes next: skip, reschedule, and an absence that only ever postpones', () => {
  const of = plan([
    touch('a', 'w'),
    { kind: 'wait', id: 'w', wait: days(9), next: 'c' },
    { kind: 'if', id: 'c', condition: 'true', then: 'b', otherwise: null },
    touch('b', null),
  ]);
  const booked: EngineEvent[] = [{ type: 'slot', at: 0, slotAt: DAY }];
  expect(
    kinds(run(of, [...booked, { type: 'skip', seq: 1, at: 5 }, { type: 'released', at: 5 }]).commands),
  ).toEqual(['reserve', 'sleep', 'release', 'delay']);
  expect(run(of, [...booked, { type: 'reschedule', seq: 1, at: 5, to: 3 * DAY }]).last.command).toMatchObject(
    { kind: 'reserve', base: 3 * DAY },
  );
  expect(run(of, [...booked, { type: 'hold_until', seq: 1, at: 5, until: 7 }]).last.command).toEqual({
    kind: 'sleep',
    until: DAY,
  });
  expect(
    run(of, [...booked, { type: 'hold_until', seq: 1, at: 5, until: 4 * DAY }]).last.command,
  ).toMatchObject({ kind: 'reserve', base: 4 * DAY });
  const sleeping: EngineEvent[] = [
    ...booked,
    { type: 'due', at: DAY },
    { type: 'sent', at: DAY },
    { type: 'until', at: DAY, until: 10 * DAY },
  ];
  expect(run(of, [...sleeping, { type: 'reschedule', seq: 1, at: DAY, to: 2 * DAY }]).last.command).toEqual({
    kind: 'sleep',
    until: 2 * DAY,
  });
  expect(run(of, [...sleeping, { type: 'skip', seq: 1, at: 2 * DAY }]).last.command).toMatchObject({
    kind: 'evaluate',
    step: 'c',
  });
});

test('an absence that is told while the lead is paused or held still holds afterwards', () => {
  const of = plan([{ kind: 'wait', id: 'w', wait: days(2), next: 'a' }, touch('a', null)]);
  const booked: EngineEvent[] = [
    { type: 'slot', at: 0, slotAt: 2 * DAY },
    { type: 'due', at: 2 * DAY },
  ];
  const away: EngineEvent = { type: 'hold_until', seq: 1, at: 3 * DAY, until: 9 * DAY };
  const resume: EngineEvent = { type: 'resume', seq: 2, at: 4 * DAY };
  const paused = run(of, [...booked, { type: 'paused', at: 2 * DAY, scope: 'lead' }, away]);
  expect(paused.last).toMatchObject({
    state: { phase: 'paused' },
    command: { kind: 'sleep', until: null },
  });
  expect(reduce(of, paused.last.state, resume).command).toMatchObject({
    kind: 'reserve',
    base: 0,
    waits: [days(2)],
    notBefore: 9 * DAY,
  });
  const held = run(of, [{ type: 'held', at: 0, reason: 'missing_field:renewal' }, away, resume]);
  expect(held.last.command).toMatchObject({ kind: 'reserve', waits: [days(2)], notBefore: 9 * DAY });
});

test('an absence holds every touch that comes before its end, by whatever branch; an answer or a person ends it', () => {
  const of = plan(
    [
      { kind: 'wait_for', id: 'f', event: 'accepted', within: days(20), then: 'a', otherwise: null },
      touch('a', null),
    ],
    { replied: 'none' },
  );
  const waiting: EngineEvent[] = [{ type: 'until', at: 0, until: 20 * DAY }];
  const away: EngineEvent = { type: 'hold_until', seq: 1, at: DAY, until: 9 * DAY };
  const accepted: EngineEvent = { type: 'event', seq: 3, at: 3 * DAY, name: 'accepted' };
  const held = run(of, [...waiting, away, accepted]);
  expect(held.last.command).toMatchObject({ kind: 'reserve', step: 'a', base: 3 * DAY, notBefore: 9 * DAY });
  const replied: EngineEvent = { type: 'event', seq: 2, at: 2 * DAY, name: 'replied' };
  expect(run(of, [...waiting, away, replied, accepted]).last.command).not.toHaveProperty('notBefore');
  const sooner: EngineEvent = { type: 'reschedule', seq: 2, at: 2 * DAY, to: 4 * DAY };
  expect(run(of, [...waiting, away, sooner, accepted]).last.command).not.toHaveProperty('notBefore');
});

test('what came back is sent again while nothing has followed it; then its delays count from there', () => {
  const of = plan([
    touch('a', 'w'),
    { kind: 'wait', id: 'w', wait: days(2), next: 'b' },
    touch('b', 'c'),
    touch('c', null),
  ]);
  const sent = (at: number): EngineEvent[] => [
    { type: 'slot', at, slotAt: at },
    { type: 'due', at },
    { type: 'sent', at },
  ];
  const back = (seq: number, attempt = 1): EngineEvent => ({
    type: 'undelivered', seq, at: DAY, step: 'a', visit: 1, attempt, retryAt: 2 * DAY,
  }); // prettier-ignore
  const booked: EngineEvent[] = [...sent(DAY), { type: 'slot', at: DAY, slotAt: 3 * DAY }];
  const again = run(of, [...booked, back(1)]);
  expect(again.last.command).toEqual({
    kind: 'reserve', step: 'a', visit: 1, attempt: 2, base: 2 * DAY, waits: [], first: false,
  }); // prettier-ignore
  expect(again.last.decisions).toContainEqual(expect.objectContaining({ step: 'a', kind: 'sent_again' }));
  expect(run(of, [...booked, back(1), ...sent(2 * DAY)]).last.command).toMatchObject({
    step: 'b',
    attempt: 1,
    base: 2 * DAY,
    waits: [days(2)],
  });
  // An earlier attempt's report, told late, is about what was sent again already.
  const twice = run(of, [
    ...booked,
    back(1),
    ...sent(2 * DAY),
    { type: 'slot', at: 0, slotAt: DAY },
    back(2),
  ]);
  expect(twice.last.command).toMatchObject({ kind: 'sleep' });
  const followed = run(of, [...booked, { type: 'due', at: 3 * DAY }, { type: 'sent', at: 3 * DAY },
    { type: 'slot', at: 0, slotAt: 4 * DAY }, back(1)]); // prettier-ignore
  expect(followed.last.command).toEqual({ kind: 'sleep', until: 4 * DAY });
  const inTask = run(of, [
    ...booked,
    { type: 'due', at: 3 * DAY },
    { type: 'task_open', at: 3 * DAY, giveUpAt: null },
    back(1),
  ]);
  expect(inTask.last.state).toMatchObject({ phase: 'task', step: 'b' });
});

test('an absence that is told while a task is open or a send under way holds what comes next, and shortens no delay', () => {
  const of = plan([touch('a', 'w'), { kind: 'wait', id: 'w', wait: days(2), next: 'b' }, touch('b', null)]);
  const booked: EngineEvent[] = [
    { type: 'slot', at: 0, slotAt: DAY },
    { type: 'due', at: DAY },
  ];
  const away = (until: number): EngineEvent => ({ type: 'hold_until', seq: 1, at: DAY, until });
  const open: EngineEvent[] = [...booked, { type: 'task_open', at: DAY, giveUpAt: null }];
  const done: EngineEvent = {
    type: 'task_done',
    seq: 2,
    at: 3 * DAY,
    step: 'a',
    visit: 1,
    outcome: 'connected',
  };
  const told = run(of, [...open, away(9 * DAY)]);
  expect(told.last).toMatchObject({ state: { phase: 'task' }, command: { kind: 'sleep', until: null } });
  expect(reduce(of, told.last.state, done).command).toMatchObject({
    kind: 'reserve',
    step: 'b',
    base: 9 * DAY,
    waits: [days(2)],
  });
  // An absence that is over by then changes nothing.
  expect(run(of, [...open, away(2 * DAY), done]).last.command).toMatchObject({
    base: 3 * DAY,
    waits: [days(2)],
  });
  const sending = run(of, [...booked, { type: 'in_flight', at: DAY, lookAt: DAY + 5 }, away(9 * DAY)]);
  expect(sending.last.command).toEqual({ kind: 'sleep', until: DAY + 5 });
  const looked = reduce(of, sending.last.state, { type: 'due', at: DAY + 5 });
  expect(reduce(of, looked.state, { type: 'sent', at: DAY }).command).toMatchObject({
    step: 'b',
    base: 9 * DAY,
  });
});

test('an inbox entry that was taken in before changes nothing', () => {
  const of = plan([touch('a', null)]);
  const once = run(of, [
    { type: 'slot', at: 0, slotAt: DAY },
    { type: 'reschedule', seq: 3, at: 1, to: 2 * DAY },
    { type: 'slot', at: 1, slotAt: 2 * DAY },
  ]).last;
  const twice = reduce(of, once.state, { type: 'reschedule', seq: 3, at: 1, to: 9 * DAY });
  expect(twice.command).toEqual({ kind: 'sleep', until: 2 * DAY });
});

test('property: whatever comes, there is one command, time never runs backwards, and every walk ends', () => {
  const answerTo = (command: Command, at: number, pick: number): EngineEvent | null => {
    switch (command.kind) {
      case 'reserve':
        return { type: 'slot', at, slotAt: Math.max(at, command.base) + 1 };
      case 'delay':
        return { type: 'until', at, until: Math.max(at, command.base) + 1 };
      case 'sleep':
        return command.until === null ? { type: 'resume', seq: at, at } : { type: 'due', at: command.until };
      case 'evaluate':
        return { type: 'evaluated', at, value: pick % 2 === 0 };
      case 'release':
        return { type: 'released', at };
      case 'perform': {
        const answers: Answer[] = [
          { type: 'sent', at },
          { type: 'skipped', at, reason: 'x' },
          { type: 'failed', at, code: 'x' },
          { type: 'later', at, notBefore: at + 5, code: 'x' },
          { type: 'rebook', at, notBefore: at + 5, reason: 'x' },
          { type: 'held', at, reason: 'x' },
          { type: 'paused', at, scope: 'all' },
          { type: 'task_open', at, giveUpAt: at + 5 },
          { type: 'in_flight', at, lookAt: at + 1 },
          { type: 'not_connected', at, waitUntil: null },
        ];
        return answers[pick % answers.length]!;
      }
      case 'finish':
        return null;
    }
  };
  fc.assert(
    fc.property(fc.array(fc.nat(), { minLength: 300, maxLength: 300 }), (picks) => {
      const of = plan([
        touch('a', 'w'),
        { kind: 'wait', id: 'w', wait: days(1), next: 'c' },
        { kind: 'if', id: 'c', condition: 'x', then: 'b', otherwise: 's' },
        touch('b', 's', { onFailure: 'task' }),
        {
          kind: 'split',
          id: 's',
          arms: [
            { name: 'l', weight: 1, next: 'f' },
            { name: 'r', weight: 1, next: 'e' },
          ],
        },
        { kind: 'wait_for', id: 'f', event: 'opened', within: days(1), then: 'e', otherwise: 'd' },
        touch('d', 'e'),
        { kind: 'end', id: 'e' },
      ]);
      let now = 1;
      let last = reduce(of, initialState({ seed: 7, at: now }), { type: 'begin', at: now });
      for (const pick of picks) {
        const event = answerTo(last.command, ++now, pick);
        if (!event) return true;
        const before = last.state.base;
        last = reduce(of, last.state, event);
        now = Math.max(now, event.at);
        if (last.state.base < before) return false;
      }
      return false;
    }),
  );
});

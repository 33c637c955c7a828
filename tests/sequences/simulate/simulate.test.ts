import { expect, test } from '@jest/globals';
import type { PlanNode } from '../../../sequences/plan.ts';
import { parseScriptEvent, ScriptError } from '../../../sequences/simulate/script.ts';
import { simulationSender } from '../../../sequences/simulate/defaults.ts';
import { simulate } from '../../../sequences/simulate/simulate.ts';
import type { ScriptEntry } from '../../../sequences/simulate/types.ts';
import { touchNode } from '../../support/factories.ts';
import {
  days,
  ends,
  hours,
  MONDAY,
  play,
  sequenceOf,
  someone,
  timeline,
  wait,
} from '../../support/simulation.ts';

const mail = touchNode;
const linkedin = (id: string, action: 'visit' | 'invite' | 'message', options = {}) =>
  touchNode(id, 'linkedin', { action, ...options });
const event = (text: string): ScriptEntry => parseScriptEvent(text);
const two = () => sequenceOf([mail('one'), wait(days(2)), mail('two')]);

test('touches happen in the window, waits in between, then it is over', () => {
  const result = play(
    sequenceOf([mail('one'), wait(days(2)), mail('two'), wait(days(3)), linkedin('see', 'visit')]),
  );
  expect(timeline(result)).toEqual([
    'one Mon 2026-01-05 09:00 sent',
    'two Wed 2026-01-07 09:00 sent',
    // Saturday: the next Monday.
    'see Mon 2026-01-12 09:00 sent',
  ]);
  expect(ends(result)).toEqual(['finished completed']);
});

test('promise 4: a touch that slips moves the later ones too', () => {
  const failsLater: ScriptEntry = {
    kind: 'failure', lead: null, step: 'one', result: 'later', code: 'rate_limited', times: 1, retryAfter: [hours(30)],
  }; // prettier-ignore
  expect(timeline(play(two(), [failsLater]))).toEqual([
    'one Mon 2026-01-05 09:00 failed (rate_limited)',
    'one Tue 2026-01-06 15:00 sent',
    'two Thu 2026-01-08 15:00 sent',
  ]);
});

test('promise 4: a step that fails or is skipped does not shorten the delay after it', () => {
  const failure: ScriptEntry = {
    kind: 'failure', lead: null, step: 'one', result: 'failed', code: 'mailbox_full', times: 1, retryAfter: [],
  }; // prettier-ignore
  expect(timeline(play(two(), [failure]))).toEqual([
    'one Mon 2026-01-05 09:00 failed (mailbox_full)',
    'two Wed 2026-01-07 09:00 sent',
  ]);
  const skipped = sequenceOf([mail('text', 'sms'), wait(days(2)), mail('two')]);
  expect(timeline(play(skipped, [], { leads: [someone('ada', { phones: [] })] }))).toEqual([
    'text Mon 2026-01-05 09:00 skipped (no_phone)',
    'two Wed 2026-01-07 09:00 sent',
  ]);
});

test('on_failure: stop ends it, task hands the touch to a person', () => {
  const failure: ScriptEntry = {
    kind: 'failure', lead: null, step: 'one', result: 'failed', code: 'refused', times: 1, retryAfter: [],
  }; // prettier-ignore
  const stops = sequenceOf([mail('one', 'email', { onFailure: 'stop' }), wait(days(2)), mail('two')]);
  expect(ends(play(stops, [failure]))).toEqual(['stopped step_failed']);
  const task = sequenceOf([mail('one', 'email', { onFailure: 'task' }), wait(days(2)), mail('two')]);
  expect(timeline(play(task, [failure, event('* one=done +4h')]))).toEqual([
    'one Mon 2026-01-05 13:00 sent',
    'two Wed 2026-01-07 13:00 sent',
  ]);
});

test('promise 1: an unknown outcome holds the lead', () => {
  const unknown: ScriptEntry = {
    kind: 'failure', lead: null, step: 'one', result: 'unknown', code: 'timed_out', times: 1, retryAfter: [],
  }; // prettier-ignore
  const result = play(two(), [unknown]);
  expect(timeline(result)).toEqual(['one Mon 2026-01-05 09:00 unconfirmed (timed_out)']);
  expect(ends(result)).toEqual(['held unconfirmed']);
});

test('promise 3: an answer stops the lead, or everyone at the company, as the stop rules say', () => {
  const leads = [
    someone('ada', { companyDomain: 'x.test' }),
    someone('bob', { companyDomain: 'x.test' }),
    someone('eve'),
  ];
  const stopped = (scope: 'lead' | 'company' | 'none') =>
    ends(
      play(
        sequenceOf(Object.values(two().plan.nodes), { stopOn: { replied: scope } }),
        [event('ada replied +1d')],
        { leads },
      ),
    );
  expect(stopped('lead')).toEqual(['stopped replied', 'finished completed', 'finished completed']);
  expect(stopped('company')).toEqual(['stopped replied', 'stopped company_replied', 'finished completed']);
  expect(stopped('none')).toEqual(['finished completed', 'finished completed', 'finished completed']);
});

test('stopping gives the slot back to the others', () => {
  const senders = [
    simulationSender({
      channel: 'email',
      timeZone: 'Europe/Berlin',
      caps: { email: { day: 1, week: null } },
    }),
  ];
  const leads = [someone('ada'), someone('bob'), someone('eve')];
  const sequence = sequenceOf([mail('one')]);
  const result = play(sequence, [event('bob unsubscribed +2h')], { leads, senders });
  expect(result.touches.map(({ leadId, state }) => `${leadId} ${state}`)).toEqual([
    'ada sent',
    'bob cancelled',
    'eve sent',
  ]);
  expect(timeline(result)[2]).toBe('one Wed 2026-01-07 09:00 sent');
});

test('promise 7: a missing variable holds the lead, and nothing goes out', () => {
  const sequence = sequenceOf([mail('one'), wait(days(1)), mail('two')], {
    copy: { two: { subject: 'Hi {{ lead.title }}', body: 'Hello' } },
  });
  const result = play(sequence);
  expect(timeline(result)).toEqual([
    'one Mon 2026-01-05 09:00 sent',
    'two Tue 2026-01-06 09:00 cancelled (missing_variable:lead.title)',
  ]);
  expect(ends(result)).toEqual(['held missing_variable:lead.title']);
  expect(result.decisions.at(-1)?.reason).toContain('lead.title');
  const field = sequenceOf([wait({ unit: 'field', field: 'renewal_date' }), mail('one')]);
  expect(ends(play(field))).toEqual(['held missing_field:renewal_date']);
  const leads = [someone('ada', { attributes: { renewal_date: '2026-02-03' } })];
  expect(timeline(play(field, [], { leads }))).toEqual(['one Tue 2026-02-03 09:00 sent']);
});

const call = (options = {}) => touchNode('ring', 'call', { due: days(1), giveUpAfter: days(3), ...options });

test('a call is not done until the script says so; then its outcome leads on', () => {
  const text: PlanNode = mail('text', 'sms', { next: 'last' });
  const sequence = sequenceOf([
    call({ outcomes: { voicemail: 'text' }, next: 'last' }),
    text,
    wait(days(1)),
    mail('last'),
  ]);
  const plan = sequence.plan;
  expect(plan.nodes.ring).toMatchObject({ next: 'last' });
  expect(timeline(play(sequence))).toEqual([
    'ring Thu 2026-01-08 09:00 skipped (gave_up)',
    'last Thu 2026-01-08 09:00 sent',
  ]);
  expect(timeline(play(sequence, [event('* ring=voicemail +2h')]))).toEqual([
    'ring Mon 2026-01-05 11:00 sent',
    'text Mon 2026-01-05 11:00 sent',
    'last Mon 2026-01-05 11:00 sent',
  ]);
  expect(timeline(play(sequence, [event('* *=connected +2h')]))[1]).toBe('last Mon 2026-01-05 11:00 sent');
  const patient = sequenceOf([touchNode('ring', 'call'), mail('last')]);
  expect(ends(play(patient))).toEqual(['running waits_for_task']);
});

test('LinkedIn: an invite to a connection is skipped, a message waits for the connection or takes its else', () => {
  const sequence = sequenceOf([
    linkedin('ask', 'invite'),
    wait(days(1)),
    linkedin('thanks', 'message', { waitForConnection: days(3), otherwise: 'other', next: 'last' }),
    mail('other', 'email', { next: 'last' }),
    mail('last'),
  ]);
  expect(timeline(play(sequence))).toEqual([
    'ask Mon 2026-01-05 09:00 sent',
    'thanks Fri 2026-01-09 09:00 skipped (not_connected)',
    'other Fri 2026-01-09 09:00 sent',
    'last Fri 2026-01-09 09:00 sent',
  ]);
  const accepted: ScriptEntry = {
    kind: 'event',
    lead: null,
    when: { after: [hours(30)], step: 'ask' },
    event: 'accepted',
  };
  expect(timeline(play(sequence, [accepted])).slice(0, 2)).toEqual([
    'ask Mon 2026-01-05 09:00 sent',
    'thanks Tue 2026-01-06 15:00 sent',
  ]);
  const leads = [{ ...someone(), connected: true }];
  expect(timeline(play(sequence, [], { leads })).slice(0, 2)).toEqual([
    'ask Mon 2026-01-05 09:00 skipped (already_connected)',
    'thanks Tue 2026-01-06 09:00 sent',
  ]);
});

test('wait_for, if and split lead on by what happened', () => {
  const sequence = sequenceOf([
    linkedin('ask', 'invite'),
    {
      id: 'accepts',
      kind: 'wait_for',
      event: 'accepted',
      within: days(5),
      then: 'thanks',
      otherwise: 'choice',
    },
    linkedin('thanks', 'message', { next: null }),
    {
      id: 'choice',
      kind: 'if',
      condition: 'sent["ask"] && lead.country == "DE"',
      then: 'german',
      otherwise: 'other',
    },
    { ...mail('german'), next: 'stop' },
    mail('other'),
    { id: 'stop', kind: 'end' },
  ]);
  expect(timeline(play(sequence)).map((line) => line.split(' ')[0])).toEqual(['ask', 'german']);
  expect(timeline(play(sequence, [event('* accepted +2d')]))[1]).toBe('thanks Wed 2026-01-07 09:00 sent');
  const leads = [someone('ada', { country: 'FR' })];
  expect(timeline(play(sequence, [], { leads })).map((line) => line.split(' ')[0])).toEqual(['ask', 'other']);
});

test('a condition that cannot be answered holds the lead', () => {
  const sequence = sequenceOf([
    {
      id: 'size',
      kind: 'if',
      condition: 'int(lead.attributes.employees) > 10',
      then: 'one',
      otherwise: 'one',
    },
    mail('one'),
  ]);
  const leads = [someone('ada', { attributes: { employees: 'many' } })];
  expect(ends(play(sequence, [], { leads }))).toEqual(['held condition_unanswerable']);
});

test('reactivation goes on with the other sequence, at that instant, with the cool-off in between', () => {
  const first = sequenceOf([
    mail('one'),
    { id: 'again', kind: 'reactivate', after: days(2), with: 'second' },
  ]);
  const second = sequenceOf([mail('news')], {
    name: 'second',
    settings: { contactLimits: { coolOff: days(5), companyPerWeek: null } },
  });
  const result = play(first, [], { others: [second] });
  expect(timeline(result)).toEqual(['one Mon 2026-01-05 09:00 sent', 'news Mon 2026-01-12 09:00 sent']);
  expect(result.touches.map(({ sequence }) => sequence)).toEqual(['test', 'second']);
  expect(result.leads[0]).toMatchObject({ sequence: 'second', state: 'finished', reason: 'completed' });
  expect(timeline(play(first))).toHaveLength(1);
});

test('at most so many contacts of a company in seven days', () => {
  const leads = ['ada', 'bob', 'eve'].map((name) => someone(name, { companyDomain: 'x.test' }));
  const sequence = sequenceOf([mail('one')], {
    settings: { contactLimits: { coolOff: null, companyPerWeek: 2 } },
  });
  const result = play(sequence, [], { leads });
  expect(timeline(result)).toEqual([
    'one Mon 2026-01-05 09:00 sent',
    'one Mon 2026-01-05 09:00 sent',
    'one Mon 2026-01-12 09:00 sent',
  ]);
});

test('a review waits for the rep; once approved the message goes as soon as it may', () => {
  const sequence = sequenceOf([mail('one', 'email', { review: true }), wait(days(1)), mail('two')]);
  expect(ends(play(sequence))).toEqual(['running waits_for_task']);
  expect(timeline(play(sequence, [event('* one=approved +30h')]))).toEqual([
    'one Tue 2026-01-06 15:00 sent',
    'two Wed 2026-01-07 15:00 sent',
  ]);
});

test('an absence postpones what comes next', () => {
  const away: ScriptEntry = {
    kind: 'event', lead: null, when: { after: [days(1)] }, event: 'out_of_office', until: MONDAY + 10 * 86_400_000,
  }; // prettier-ignore
  expect(timeline(play(two(), [away]))).toEqual([
    'one Mon 2026-01-05 09:00 sent',
    'two Thu 2026-01-15 09:00 sent',
  ]);
});

test('what a rep hears on the phone: a no ends it, a meeting is an event, a wrong number goes on', () => {
  const sequence = (stopOn = {}) => sequenceOf([call(), wait(days(1)), mail('last')], { stopOn });
  expect(ends(play(sequence(), [event('* ring=not_interested +1h')]))).toEqual(['stopped not_interested']);
  expect(ends(play(sequence(), [event('* ring=meeting_booked +1h')]))).toEqual(['stopped meeting_booked']);
  expect(ends(play(sequence({ meeting_booked: 'none' }), [event('* ring=meeting_booked +1h')]))).toEqual([
    'finished completed',
  ]);
  expect(timeline(play(sequence(), [event('* ring=wrong_number +1h')]))).toEqual([
    'ring Mon 2026-01-05 10:00 sent',
    'last Tue 2026-01-06 10:00 sent',
  ]);
  expect(timeline(play(sequence(), [event('* ring=skipped +1h')]))[0]).toBe(
    'ring Mon 2026-01-05 10:00 skipped (skipped_by_person)',
  );
});

test('promise 3: an unsubscribed lead is stopped even by a sequence that waits for just that; a bounce when no address is left', () => {
  const waits = sequenceOf([
    mail('one'),
    { id: 'left', kind: 'wait_for', event: 'unsubscribed', within: days(5), then: 'two', otherwise: 'two' },
    mail('two'),
  ]);
  expect(ends(play(waits, [event('* unsubscribed +2d')]))).toEqual(['stopped unsubscribed']);
  const onlyMail = [someone('ada', { phones: [], linkedinUrl: null })];
  const stays = sequenceOf([mail('one'), wait(days(2)), mail('two')], { stopOn: { bounced: 'none' } });
  expect(ends(play(stays, [event('* bounced +1d')], { leads: onlyMail }))).toEqual(['stopped bounced']);
  expect(ends(play(stays, [event('* bounced +1d')]))).toEqual(['stopped bounced']);
  const goesOn = sequenceOf([mail('one'), wait(days(2)), mail('two', 'sms'), mail('three')], {
    stopOn: { bounced: 'none' },
  });
  expect(
    timeline(play(goesOn, [event('* bounced +1d')])).map((line) => line.replace(/ \w+ [-0-9]+ /, ' ')),
  ).toEqual(['one 09:00 sent', 'two 09:00 sent', 'three 09:00 skipped (suppressed)']);
});

test('an address that bounced gives way to the next one; what came back is sent again after 4 hours, a day and two', () => {
  const stays = sequenceOf([mail('one'), wait(days(2)), mail('two')], { stopOn: { bounced: 'none' } });
  const two = [
    someone('ada', { emails: ['gone@acme.test', 'ada@acme.test'], phones: [], linkedinUrl: null }),
  ];
  const played = play(stays, [event('* bounced +1d')], { leads: two });
  expect(ends(played)).toEqual(['finished completed']);
  expect(timeline(played)[1]).toBe('two Wed 2026-01-07 09:00 sent');
  const full: ScriptEntry = {
    kind: 'failure', lead: null, step: 'one', result: 'undelivered', code: 'mailbox_full', times: 9, retryAfter: [hours(1)],
  }; // prettier-ignore
  expect(timeline(play(stays, [full]))).toEqual([
    'one Mon 2026-01-05 09:00 sent',
    'one Mon 2026-01-05 14:00 sent',
    'one Tue 2026-01-06 15:00 sent',
    'one Thu 2026-01-08 16:00 sent',
    'two Mon 2026-01-12 09:00 sent',
  ]);
});

test('a broken sender pauses its leads when no other can take over; consent and WhatsApp’s day of free text are kept', () => {
  const broken = simulationSender({ channel: 'email', timeZone: 'Europe/Berlin', broken: true });
  const paused = play(two(), [], { senders: [broken] });
  expect(timeline(paused)).toEqual(['one Mon 2026-01-05 09:00 cancelled (paused_sender)']);
  expect(ends(paused)).toEqual(['running paused_sender']);
  const other = simulationSender({ channel: 'email', timeZone: 'Europe/Berlin', address: 'b@acme.test' });
  expect(play(two(), [], { senders: [broken, other] }).touches[0]).toMatchObject({
    state: 'sent',
    sender: 'b@acme.test',
  });
  const reasons = play(two(), [], { consentPolicy: { DE: ['email'] } }).touches.map(({ reason }) => reason);
  expect(reasons).toEqual(['no_consent', 'no_consent']);
  const whatsapp = sequenceOf([mail('one', 'whatsapp')]);
  expect(timeline(play(whatsapp))).toEqual(['one Mon 2026-01-05 09:00 skipped (whatsapp_window_closed)']);
  const leads = [{ ...someone(), lastWhatsappInAt: MONDAY }];
  expect(timeline(play(whatsapp, [], { leads }))).toEqual(['one Mon 2026-01-05 09:00 sent']);
});

test('a provider that refuses again and again: the touch fails for good, and the delay after it stays', () => {
  const never: ScriptEntry = {
    kind: 'failure', lead: null, step: 'one', result: 'later', code: 'busy', times: 100, retryAfter: [hours(1)],
  }; // prettier-ignore
  const { touches } = play(two(), [never]);
  expect(touches.map(({ stepId, attempt, state }) => `${stepId} ${attempt} ${state}`)).toEqual([
    ...[1, 2, 3, 4, 5, 6].map((attempt) => `one ${attempt} failed`),
    'two 1 sent',
  ]);
});

test('preferred messages and rotation: the lead keeps its sender', () => {
  const senders = ['a', 'b', 'c'].map((name) =>
    simulationSender({ channel: 'email', timeZone: 'Europe/Berlin', address: `${name}@acme.test` }),
  );
  const leads = Array.from({ length: 30 }, (_, i) => someone(`lead-${i}`));
  const preferred = touchNode('news', 'preferred', { action: 'preferred' });
  const sequence = sequenceOf([mail('one'), wait(days(1)), preferred], {
    copy: { news: { byChannel: { linkedin: { body: 'Hi' }, email: { subject: 'Hi', body: 'Hi' } } } },
  });
  const { touches } = play(sequence, [], { leads, senders });
  const bySender = new Map<string, Set<string | null>>();
  for (const { leadId, sender } of touches)
    bySender.set(leadId, (bySender.get(leadId) ?? new Set()).add(sender));
  expect([...bySender.values()].every((used) => used.size === 1)).toBe(true);
  expect(new Set([...bySender.values()].flatMap((used) => [...used])).size).toBe(3);
});

test('promise 5: leads share the senders’ caps and gaps across a clock change', () => {
  const senders = ['a', 'b', 'c'].map((name) =>
    simulationSender({
      channel: 'email', timeZone: 'Europe/Berlin', address: `${name}@acme.test`,
      caps: { email: { day: 5, week: null } }, minGapMs: 60_000, jitterMs: 120_000,
    }),
  ); // prettier-ignore
  const zones = ['Europe/Berlin', 'America/New_York', 'Asia/Tokyo'];
  const leads = Array.from({ length: 50 }, (_, i) => someone(`lead-${i}`, { timeZone: zones[i % 3]! }));
  const start = Date.parse('2026-03-26T07:00:00Z');
  const sequence = sequenceOf([
    mail('one'),
    wait(days(2)),
    mail('two'),
    wait({ unit: 'business_days', amount: 2 }),
    mail('three'),
  ]);
  const result = play(sequence, [], { leads, senders, start });
  expect(result.touches).toHaveLength(150);
  expect(ends(result).every((end) => end === 'finished completed')).toBe(true);
  const perDay = new Map<string, number>();
  const bySender = new Map<string, number[]>();
  for (const { sender, at } of result.touches) {
    const day = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Berlin' }).format(at);
    perDay.set(`${sender} ${day}`, (perDay.get(`${sender} ${day}`) ?? 0) + 1);
    bySender.set(sender!, [...(bySender.get(sender!) ?? []), at]);
  }
  expect(Math.max(...perDay.values())).toBe(5);
  for (const times of bySender.values()) {
    times
      .sort((a, b) => a - b)
      .forEach((at, i) => i > 0 && expect(at - times[i - 1]!).toBeGreaterThanOrEqual(60_000));
  }
  expect(play(sequence, [], { leads, senders, start })).toEqual(result);
});

test('a loop of reactivations ends with the simulated time', () => {
  const loop = sequenceOf([mail('one'), { id: 'again', kind: 'reactivate', after: days(21), with: 'test' }]);
  const result = play(loop, [], { until: MONDAY + 100 * 86_400_000 });
  expect(result.touches.length).toBe(5);
  expect(ends(result)).toEqual(['running waits']);
});

test('script lines: times, tasks, and what is wrong with them', () => {
  expect(event('ada@x.test replied +3d')).toEqual({
    kind: 'event',
    lead: 'ada@x.test',
    when: { after: [days(3)] },
    event: 'replied',
  });
  expect(event('* ring=no_answer +1d4h')).toEqual({
    kind: 'outcome',
    lead: null,
    step: 'ring',
    outcome: 'no_answer',
    after: [days(1), hours(4)],
  });
  expect(event('ada accepted')).toMatchObject({ when: { after: [] } });
  expect(() => event('ada answered +3d')).toThrow(/"answered" is no event; events are replied/);
  expect(() => event('ada replied 3d')).toThrow(/"3d" in .* is no time: such as \+3d/);
  expect(() => event('ada')).toThrow(ScriptError);
});

test('a thousand leads take about a second of work', () => {
  const leads = Array.from({ length: 1000 }, (_, i) => someone(`lead-${i}`));
  const sequence = sequenceOf([
    mail('one'),
    wait(days(2)),
    mail('two'),
    wait(days(3)),
    linkedin('see', 'visit'),
    wait(days(3)),
    mail('three'),
  ]);
  const senders = [
    simulationSender({ channel: 'email', timeZone: 'Europe/Berlin', minGapMs: 1000 }),
    simulationSender({ channel: 'linkedin', timeZone: 'Europe/Berlin' }),
  ];
  const before = process.cpuUsage();
  const result = simulate({ sequence, leads, senders, start: MONDAY, launchZone: 'UTC' });
  const { user, system } = process.cpuUsage(before);
  expect(result.touches).toHaveLength(4000);
  // Processor time, and several times what is measured: the machine may be busy.
  expect((user + system) / 1e6).toBeLessThan(5);
});

import { expect, test } from '@jest/globals';
import { DEFAULT_FOOTER, parseSequence, referencedSequences } from '../../../sequences/language/index.ts';
import type { CompiledSequence, PlanNode } from '../../../sequences/plan.ts';
import { withSteps } from './support.ts';

const EVERYTHING = `
name: classic
title: Classic outreach
description: All of it
tags: [outbound, q1_2026]
window: { days: [fri, mon], from: 08:30, to: "17:00", time_zone: Europe/Berlin, holidays: [DE-BY, FR] }
stop_on: { replied: company, goal: none }
contact_limits: { cool_off: 1 week, company_per_week: 10 }
senders: { email: [ada@acme.test, grace@acme.test], linkedin: [] }
unsubscribe_footer: "[out]({{ unsubscribe_url }})"
steps:
  - id: hello
    email: { subject: "Hi {{ lead.first_name }}", body: "**Hello**" }
    review: true
    on_failure: task
  - wait: 3 business days
  - linkedin: { action: visit }
  - linkedin: { action: invite, note: "Hi {{ lead.first_name | default: 'there' }}" }
  - linkedin:
      action: message
      text: Hello
      wait_for_connection: 5 days
      else:
        - sms: { text: Hi }
  - whatsapp: { content_sid: HX0123456789abcdef0123456789abcdef, variables: { "1": "{{ lead.first_name }}" } }
  - id: ring
    call: { script: Ask, due: 4 hours, give_up_after: 3 days }
    outcomes:
      connected: [{ end: true }]
      no_answer: []
  - task: { title: Look, body: closely }
  - message: { channel: preferred, texts: { email: { subject: a, body: b }, linkedin: c, sms: { text: d }, whatsapp: e } }
  - webhook: { url: "https://x.test/hook", data: { email: "{{ lead.email }}", n: 1 } }
  - wait_for: { event: accepted, within: 5 days }
    then:
      - wait: { until: 2026-12-01T09:00 }
    else:
      - if: lead.country == "DE" && outcomes["ring"] == "connected"
        then:
          - goal: demo_booked
        else:
          - wait: { until: lead.attributes.renewal_date }
  - split: { a: { weight: 70, steps: [{ email: { body: again, reply_to: hello } }] }, b: { weight: 30, steps: [] } }
  - reactivate: { after: 21 days, with: reactivation }
`;

test('every step and setting compiles, nested steps go on after their step, ids count by kind in the order of the file', () => {
  const { plan, settings, ...rest } = parseSequence(EVERYTHING, 'classic.yaml');
  expect(rest).toMatchObject({ name: 'classic', title: 'Classic outreach', source: EVERYTHING });
  const touch = { kind: 'touch', review: false, onFailure: 'continue' } as const;
  const nodes: Record<string, PlanNode> = {
    hello: { ...touch, id: 'hello', channel: 'email', action: 'email', next: 'wait-1', review: true, onFailure: 'task' },
    'wait-1': { kind: 'wait', id: 'wait-1', wait: { unit: 'business_days', amount: 3 }, next: 'linkedin-1' },
    'linkedin-1': { ...touch, id: 'linkedin-1', channel: 'linkedin', action: 'visit', next: 'linkedin-2' },
    'linkedin-2': { ...touch, id: 'linkedin-2', channel: 'linkedin', action: 'invite', next: 'linkedin-3' },
    'linkedin-3': { ...touch, id: 'linkedin-3', channel: 'linkedin', action: 'message', next: 'whatsapp-1', waitForConnection: { unit: 'days', amount: 5 }, otherwise: 'sms-1' },
    'sms-1': { ...touch, id: 'sms-1', channel: 'sms', action: 'sms', next: 'whatsapp-1' },
    'whatsapp-1': { ...touch, id: 'whatsapp-1', channel: 'whatsapp', action: 'whatsapp', next: 'ring' },
    ring: { ...touch, id: 'ring', channel: 'call', action: 'call', next: 'task-1', outcomes: { connected: 'end-1', no_answer: 'task-1' }, due: { unit: 'hours', amount: 4 }, giveUpAfter: { unit: 'days', amount: 3 } },
    'end-1': { kind: 'end', id: 'end-1' },
    'task-1': { ...touch, id: 'task-1', channel: 'task', action: 'task', next: 'message-1', due: { unit: 'days', amount: 1 } },
    'message-1': { ...touch, id: 'message-1', channel: 'preferred', action: 'preferred', next: 'webhook-1' },
    'webhook-1': { ...touch, id: 'webhook-1', channel: 'webhook', action: 'webhook', next: 'wait_for-1' },
    'wait_for-1': { kind: 'wait_for', id: 'wait_for-1', event: 'accepted', within: { unit: 'days', amount: 5 }, then: 'wait-2', otherwise: 'if-1' },
    'wait-2': { kind: 'wait', id: 'wait-2', wait: { unit: 'until', local: '2026-12-01T09:00' }, next: 'split-1' },
    'if-1': { kind: 'if', id: 'if-1', condition: 'lead.country == "DE" && outcomes["ring"] == "connected"', then: 'goal-1', otherwise: 'wait-3' },
    'goal-1': { kind: 'goal', id: 'goal-1', name: 'demo_booked' },
    'wait-3': { kind: 'wait', id: 'wait-3', wait: { unit: 'field', field: 'attributes.renewal_date' }, next: 'split-1' },
    'split-1': { kind: 'split', id: 'split-1', arms: [{ name: 'a', weight: 70, next: 'email-2' }, { name: 'b', weight: 30, next: 'reactivate-1' }] },
    'email-2': { ...touch, id: 'email-2', channel: 'email', action: 'email', next: 'reactivate-1', replyTo: 'hello' },
    'reactivate-1': { kind: 'reactivate', id: 'reactivate-1', after: { unit: 'days', amount: 21 }, with: 'reactivation' },
  }; // prettier-ignore
  expect(plan).toEqual({
    format: 1,
    start: 'hello',
    nodes,
    stopOn: {
      replied: 'company',
      bounced: 'none',
      unsubscribed: 'lead',
      meeting_booked: 'lead',
      goal: 'none',
    },
  });
  expect(settings).toEqual({
    window: {
      days: [1, 5],
      from: '08:30',
      to: '17:00',
      timeZone: 'Europe/Berlin',
      holidays: ['DE-BY', 'FR'],
    },
    contactLimits: { coolOff: { unit: 'days', amount: 7 }, companyPerWeek: 10 },
    senders: { email: ['ada@acme.test', 'grace@acme.test'] },
    tags: ['outbound', 'q1_2026'],
  });
  expect(rest.copy).toEqual({
    unsubscribeFooter: '[out]({{ unsubscribe_url }})',
    steps: {
      hello: { subject: 'Hi {{ lead.first_name }}', body: '**Hello**' },
      'linkedin-2': { body: "Hi {{ lead.first_name | default: 'there' }}" },
      'linkedin-3': { body: 'Hello' },
      'sms-1': { body: 'Hi' },
      'whatsapp-1': {
        contentSid: 'HX0123456789abcdef0123456789abcdef',
        variables: { '1': '{{ lead.first_name }}' },
      },
      ring: { body: 'Ask' },
      'task-1': { title: 'Look', body: 'closely' },
      'message-1': {
        byChannel: {
          email: { subject: 'a', body: 'b' },
          linkedin: { body: 'c' },
          sms: { body: 'd' },
          whatsapp: { body: 'e' },
        },
      },
      'webhook-1': { url: 'https://x.test/hook', data: { email: '{{ lead.email }}', n: 1 } },
      'email-2': { body: 'again' },
    },
  });
  expect(referencedSequences(plan)).toEqual(['reactivation']);
});

test('what is left out has its default', () => {
  const { plan, settings, copy, title } = parseSequence(withSteps('  - wait: 1 day'), 'f.yaml');
  expect(title).toBe('test');
  expect(plan.stopOn).toEqual({
    replied: 'lead',
    bounced: 'none',
    unsubscribed: 'lead',
    meeting_booked: 'lead',
    goal: 'lead',
  });
  expect(settings).toEqual({
    window: { days: [1, 2, 3, 4, 5], from: '09:00', to: '17:00', timeZone: 'lead', holidays: 'lead' },
    contactLimits: { coolOff: null, companyPerWeek: null },
    senders: {},
    tags: [],
  });
  expect(copy).toEqual({ steps: {}, unsubscribeFooter: DEFAULT_FOOTER });
});

test.each([
  ['unsubscribe_footer: true', DEFAULT_FOOTER],
  ['unsubscribe_footer: false', null],
  ['unsubscribe_footer: "{{ unsubscribe_url }}"', '{{ unsubscribe_url }}'],
])('%s', (line, footer) => {
  expect(parseSequence(withSteps('  - wait: 1 day', `${line}\n`), 'f.yaml').copy.unsubscribeFooter).toBe(
    footer,
  );
});

test.each([
  ['30 minutes', { unit: 'minutes', amount: 30 }],
  ['1 hour', { unit: 'hours', amount: 1 }],
  ['2 days', { unit: 'days', amount: 2 }],
  ['1 business day', { unit: 'business_days', amount: 1 }],
  ['1 week', { unit: 'days', amount: 7 }],
  ['2 weeks', { unit: 'days', amount: 14 }],
])('wait: %s', (text, wait) => {
  expect(parseSequence(withSteps(`  - wait: ${text}`), 'f.yaml').plan.nodes['wait-1']).toMatchObject({
    wait,
  });
});

const compile = (source: string): CompiledSequence => parseSequence(source, 'f.yaml');

test('promise 10: the structure hash stays when only copy, comments, order of fields or layout change', () => {
  const before = compile(EVERYTHING);
  const copy = compile(
    EVERYTHING.replace('**Hello**', '**Hello again**').replace('script: Ask', 'script: Tell'),
  );
  expect(copy.structureHash).toBe(before.structureHash);
  expect(copy.copyHash).not.toBe(before.copyHash);
  const layout = compile(
    EVERYTHING.replace('name: classic', '# a comment\nname: classic')
      .replace('{ days: [fri, mon], from: 08:30,', '{ from: "08:30", days: [mon, fri],')
      .replace('  - wait: 3 business days', "  - { wait: '3 business days' }"),
  );
  expect([layout.structureHash, layout.copyHash]).toEqual([before.structureHash, before.copyHash]);
});

test.each([
  ['a wait', '3 business days', '4 business days'],
  ['a branch', 'lead.country == "DE"', 'lead.country == "FR"'],
  ['a weight', 'weight: 70', 'weight: 71'],
  ['an outcome', 'no_answer: []', 'voicemail: []'],
  ['the window', '17:00', '18:00'],
  ['a stop rule', 'goal: none', 'goal: lead'],
  ['a step', '  - task: { title: Look, body: closely }\n', ''],
  ['an id', 'id: ring', 'id: rung'],
])('promise 10: the structure hash changes with %s', (_what, from, to) => {
  const changed = EVERYTHING.replaceAll(from, to).replace(
    'outcomes["ring"]',
    to === 'id: rung' ? 'outcomes["rung"]' : 'outcomes["ring"]',
  );
  expect(compile(changed).structureHash).not.toBe(compile(EVERYTHING).structureHash);
});

test('hashes are what they were: a change of the canonical form would unpin every running lead', () => {
  const { structureHash, copyHash } = compile(withSteps('  - sms: { text: Hi }\n  - wait: 2 days'));
  expect({ structureHash, copyHash }).toMatchInlineSnapshot(`
   {
     "copyHash": "4b81cfdb51aaed15dc80b9b83431288ffa130e9aa9de2f204544bdce5909c7ec",
     "structureHash": "b8643433ef3afa22ee458258e6d4504fca7bdef38ea92a880cc7daf0319432b3",
   }
  `);
});

test('tracking is off unless a file says so; saying that it is off says nothing', () => {
  const read = (line: string) => parseSequence(`${line}${withSteps('  - wait: 1 day')}`, 'f.yaml');
  const off = read('');
  expect(off.settings).not.toHaveProperty('tracking');
  expect(read('tracking: { opens: false }\n').structureHash).toBe(off.structureHash);
  expect(read('tracking: { clicks: true }\n').settings.tracking).toEqual({ opens: false, clicks: true });
  expect(read('tracking: { opens: true, clicks: true }\n').settings.tracking).toEqual({
    opens: true,
    clicks: true,
  });
  expect(() => read('tracking: true\n')).toThrow('{ opens: true, clicks: true }');
  expect(() => read('tracking: { open: true }\n')).toThrow('opens');
});

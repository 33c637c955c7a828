import { expect, test } from '@jest/globals';
import { parseSequence } from '../../sequences/language/index.ts';
import { SequenceError } from '../../sequences/language/problems.ts';
import { meaningOf } from '../../sequences/outside/match.ts';
import { runScenarios } from '../../sequences/simulate/index.ts';
import { simulationProfile } from '../../sequences/simulate/defaults.ts';

const FILE = `name: cart
stop_on:
  events:
    - { event: order.placed, where: data.total > 50 }
    - { event: deal.won, scope: company }
enroll_on:
  - { event: cart.abandoned, where: 'lead.country == "DE" && data.items.exists(i, i.sku == "A")' }
steps:
  - id: order
    wait_for: { event: order.placed, where: data.total >= 100, within: 5 days }
    then:
      - { id: thanks, sms: { text: Thanks } }
    else:
      - { id: hello, sms: { text: Hello } }
  - if: '"page.visited" in events'
    then:
      - { id: saw, sms: { text: You looked } }
`;

test('rules over events compile, and are missing where there are none, so that older hashes stay', () => {
  const { plan, settings } = parseSequence(FILE, 'cart.yaml');
  expect(plan.stopOnEvents).toEqual([
    { event: 'order.placed', where: 'data.total > 50', scope: 'lead' },
    { event: 'deal.won', scope: 'company' },
  ]);
  expect(plan.stopOn).not.toHaveProperty('events');
  expect(settings.enrollOn).toMatchObject([{ event: 'cart.abandoned' }]);
  expect(plan.nodes.order).toMatchObject({ event: 'order.placed', where: 'data.total >= 100' });
  const without = parseSequence('name: x\nsteps:\n  - sms: { text: Hi }\n', 'x.yaml');
  expect(without.plan).not.toHaveProperty('stopOnEvents');
  expect(without.settings).not.toHaveProperty('enrollOn');
});

test.each([
  ['data.total > 50 }', 'data.total > }', /:4:\d+: not a valid condition/],
  ['data.total > 50', 'happened.replied', /:4:\d+: unknown name "happened"/],
  [
    'event: order.placed, where: data.total > 50',
    'event: order',
    /:4:\d+: "order" is not possible for "event"/,
  ],
  [
    'event: order.placed, where: data.total >= 100',
    'event: replied, where: data.total > 1',
    /:10:\d+: "replied" has no data/,
  ],
  ['enroll_on:', 'enroll_onn:', /:6:1: unknown field "enroll_onn"/],
])('a mistake in a rule is named with its line: %s becomes %s', (from, to, message) => {
  const parse = () => parseSequence(FILE.replace(from, to), 'cart.yaml');
  expect(parse).toThrow(SequenceError);
  expect(parse).toThrow(message);
});

test('data of any shape are asked over safely: what is missing or of another type is not meant', () => {
  const { plan } = parseSequence(FILE, 'cart.yaml');
  const lead = simulationProfile({ id: 'a', seed: 'a', country: 'DE' });
  const stops = (data: Record<string, unknown>) =>
    meaningOf(plan, null, { name: 'order.placed', data, lead }).stops;
  expect(stops({ total: 51 })).toBe('lead');
  expect(stops({ total: 50.01 })).toBe('lead');
  for (const total of [50, '99', null, [99], { a: 1 }, true]) expect(stops({ total })).toBeNull();
  expect(stops({ __proto__: { total: 99 }, constructor: 1 })).toBeNull();
});

test('scenarios tell events with their data, and play what the real host does', () => {
  const scenario = (name: string, when: string, then: string, ends: string) =>
    `  - name: ${name}\n    given: { start: 2026-01-05 08:00, lead: { phone: "+4930123456", time_zone: Europe/Berlin } }\n    when: [${when}]\n    then: [${then}]\n    ends: ${ends}\n`;
  const file =
    'scenarios:\n' +
    scenario(
      'waited for',
      '{ event: order.placed, data: { total: 120 }, at: 2026-01-06 10:00 }',
      '{ step: thanks, at: 2026-01-06 10:00 }',
      '{ state: finished }',
    ) +
    scenario(
      'stops',
      '{ event: order.placed, data: { total: 60 }, at: 2026-01-06 10:00 }',
      '',
      '{ state: stopped, reason: order.placed }',
    ) +
    scenario(
      'too little',
      '{ event: order.placed, data: { total: 5 }, at: 2026-01-06 10:00 }, { event: page.visited, at: 2026-01-07 09:00 }',
      '{ step: hello, at: 2026-01-12 09:00 }, { step: saw, at: 2026-01-12 09:00 }',
      '{ state: finished }',
    );
  const result = runScenarios(file, 'cart.test.yaml', () => FILE);
  expect(result.scenarios.map(({ name, diff }) => [name, diff])).toEqual([
    ['waited for', ''],
    ['stops', ''],
    ['too little', ''],
  ]);
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { SequenceError } from '../../../sequences/language/index.ts';
import { runScenarioFile, runScenarios } from '../../../sequences/simulate/index.ts';

const SEQUENCE = `
name: short
window: { time_zone: lead, holidays: lead }
steps:
  - id: hello
    email: { subject: "Hi {{ lead.first_name }}", body: "Hello" }
  - wait: 2 days
  - id: ring
    call: { script: "Say hello", give_up_after: 2 days }
    outcomes:
      voicemail:
        - id: text
          sms: { text: "I called" }
  - wait: 1 business day
  - id: bye
    email: { subject: Bye, body: Bye }
  - reactivate: { after: 10 days, with: later }
`;
const LATER = `
name: later
steps:
  - id: news
    email: { subject: News, body: News }
`;
const SCENARIOS = `
scenarios:
  - name: nobody answers the phone
    given:
      start: 2026-01-05 08:00
      lead: { email: ada@x.test, phone: "+4930123456", first_name: Ada, time_zone: Europe/Berlin, country: DE }
    when:
      - { step: ring, outcome: voicemail, after: 3 hours }
    then:
      - { step: hello, at: Mon 2026-01-05 09:00, channel: email }
      - { step: ring, at: Wed 2026-01-07 12:00, channel: call }
      - { step: text, at: 2026-01-07 12:00 }
      - { step: bye, at: 2026-01-08 12:00, sequence: short }
      - { step: news, at: Mon 2026-01-19 09:00, sequence: later }
    ends: { state: finished, reason: completed, sequence: later, at: 2026-01-19 09:00 }
  - name: an answer ends it
    given:
      start: 2026-01-05 08:00
      lead: { email: ada@x.test, first_name: Ada, time_zone: Europe/Berlin }
      senders: [{ channel: email, address: grace@acme.test }]
    when:
      - { event: replied, step: hello, after: 4 hours }
    then:
      - { step: hello, at: 2026-01-05 09:00, sender: grace@acme.test }
    ends: { state: stopped, reason: replied, at: 2026-01-05 13:00 }
`;

function run(
  scenarios = SCENARIOS,
  files: Record<string, string> = { 'short.yaml': SEQUENCE, 'later.yaml': LATER },
) {
  return runScenarios(scenarios, 'short.test.yaml', (name) => {
    const file = files[name];
    if (file === undefined) throw Object.assign(new Error(name), { code: 'ENOENT' });
    return file;
  });
}

function problems(scenarios: string): string[] {
  try {
    run(scenarios);
  } catch (error) {
    if (error instanceof SequenceError) return error.message.split('\n');
    throw error;
  }
  return [];
}

test('scenarios that come true pass', () => {
  expect(run()).toEqual({
    file: 'short.test.yaml',
    sequence: 'short',
    scenarios: [
      { name: 'nobody answers the phone', line: 3, passed: true, diff: '' },
      { name: 'an answer ends it', line: 16, passed: true, diff: '' },
    ],
  });
});

test.each([
  ['wait: 2 days', 'wait: 3 days'],
  ['wait: 1 business day', 'wait: 1 hour'],
  ['after: 10 days', 'after: 12 days'],
  ['holidays: lead }', 'holidays: lead, from: "10:00" }'],
])('a changed duration fails: %s becomes %s', (from, to) => {
  const [first] = run(SCENARIOS, { 'short.yaml': SEQUENCE.replace(from, to), 'later.yaml': LATER }).scenarios;
  expect(first?.passed).toBe(false);
});

test('a touch too many, one too few, or another end fails', () => {
  const passes = (from: string, to: string) =>
    run(SCENARIOS.replace(from, to)).scenarios.map(({ passed }) => passed);
  expect(passes('      - { step: text, at: 2026-01-07 12:00 }\n', '')).toEqual([false, true]);
  expect(passes('channel: call }', 'channel: call, state: task }')).toEqual([false, true]);
  expect(passes('sender: grace', 'sender: ada')).toEqual([true, false]);
  expect(passes('reason: replied', 'reason: unsubscribed')).toEqual([true, false]);
  expect(passes('at: 2026-01-05 13:00', 'at: 2026-01-05 14:00')).toEqual([true, false]);
});

test('the diff says what was expected and what happened', () => {
  const changed = SCENARIOS.replace('at: 2026-01-08 12:00', 'at: 2026-01-09 12:00').replace(
    'reason: completed',
    'reason: goal',
  );
  expect(run(changed).scenarios[0]?.diff).toBe(
    [
      '  hello              Mon 2026-01-05 09:00  email     sent',
      '  ring               Wed 2026-01-07 12:00  call      sent',
      '  text               Wed 2026-01-07 12:00  sms       sent',
      '- bye                Fri 2026-01-09 12:00            sent     (short)   (line 13)',
      '+ bye                Thu 2026-01-08 12:00  email     sent',
      '  news               Mon 2026-01-19 09:00  email     sent',
      '- ends finished (goal) in later at 2026-01-19 09:00   (line 15)',
      '+ ends finished (completed) in later at 2026-01-19 09:00',
    ].join('\n'),
  );
  const held = SCENARIOS.replaceAll('first_name: Ada, ', '');
  expect(run(held).scenarios[0]?.diff).toContain('held at hello: missing_variable:lead.first_name');
});

test('mistakes are named with line and column', () => {
  const broken = (from: string, to: string) => problems(SCENARIOS.replace(from, to));
  expect(broken('event: replied', 'event: replyed')).toEqual([
    expect.stringMatching(/^short\.test\.yaml:22:18: unknown value "replyed" \(did you mean "replied"\?\)/),
  ]);
  expect(broken('after: 4 hours', 'after: 4h')).toEqual([
    expect.stringMatching(/^short\.test\.yaml:22:47: expected a length of time.*did you mean "4 hours"\?/),
  ]);
  expect(broken('first_name: Ada', 'firstname: Ada')).toEqual([
    'short.test.yaml:6:56: unknown field "firstname" (did you mean "first_name"?)',
  ]);
  expect(broken('Mon 2026-01-05', 'Tue 2026-01-05')).toEqual([
    'short.test.yaml:10:28: 2026-01-05 is no Tue (it is a Mon)',
  ]);
  expect(broken('after: 4 hours', 'until: 2026-01-05 10:00, times: 2')[0]).toMatch(
    /22:\d+: times does not go with event/,
  );
  expect(broken('time_zone: Europe/Berlin, country', 'time_zone: Europe/Bern, country')[0]).toMatch(
    /^short\.test\.yaml:6:\d+: expected an IANA/,
  );
  expect(problems('scenarios: []')[0]).toMatch(/^short\.test\.yaml:1:12: /);
  expect(problems('scenarios: [')[0]).toMatch(/^short\.test\.yaml:1:\d+: not valid YAML/);
  expect(
    broken('{ email: ada@x.test, first_name: Ada, time_zone: Europe/Berlin }', '{ first_name: Ada }')[0],
  ).toMatch(/nothing says who the lead is \(give an email/);
});

test('without its sequence a file says so; mistakes in the sequence are the sequence’s', () => {
  expect(() => run(SCENARIOS, {})).toThrow(
    'short.test.yaml:1:1: there is no sequence short.yaml beside this file',
  );
  expect(() => run(SCENARIOS, { 'short.yaml': 'name: short\nsteps: [{ wat: 1 }]' })).toThrow(
    /^short\.yaml:2:/,
  );
  const alone = run(SCENARIOS, { 'short.yaml': SEQUENCE }).scenarios[0];
  expect(alone?.diff).toContain('- news');
});

test('files are read from their folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cadenza-scenarios-'));
  try {
    writeFileSync(join(folder, 'short.yaml'), SEQUENCE);
    writeFileSync(join(folder, 'later.yaml'), LATER);
    writeFileSync(join(folder, 'short.test.yaml'), SCENARIOS);
    expect(runScenarioFile(join(folder, 'short.test.yaml')).scenarios.every(({ passed }) => passed)).toBe(
      true,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

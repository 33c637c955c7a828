import { expect, test } from '@jest/globals';
import {
  compileSegment,
  ConditionError,
  evaluateCondition,
  type ConditionFacts,
} from '../../../sequences/language/index.ts';
import { lead } from './support.ts';

const nobody = lead({
  externalId: null, firstName: null, lastName: null, company: null, companyDomain: null, title: null, emails: [], phones: [],
  linkedinUrl: null, country: null, locale: null, timeZone: null, preferredChannel: null, persona: null, owner: null,
  consent: { status: 'unknown', source: null, at: null }, attributes: {},
}); // prettier-ignore

const facts = (change: Partial<ConditionFacts> = {}): ConditionFacts => ({
  lead: lead(),
  happened: { replied: 1_700_000_000_000, opened: true, clicked: false, accepted: 0 },
  outcomes: { ring: 'connected' },
  sent: { hello: true, visit: false },
  ...change,
});

test.each([
  ['lead.country == "GB"', true, false],
  ['lead.country != "GB"', false, true],
  ['lead.country in ["GB", "DE"]', true, false],
  ['has(lead.country)', true, false],
  ['!has(lead.country)', false, true],
  ['has(lead.emails)', true, false],
  ['has(lead.consent.source)', true, false],
  ['lead.consent.status == "given"', true, false],
  ['lead.title.contains("Engineer")', true, false],
  ['lead.title.lowerAscii().startsWith("vp")', true, false],
  ['size(lead.emails) > 0', true, false],
  ['lead.emails.exists(mail, mail.endsWith("@acme.test"))', true, false],
  ['lead.preferred_channel == "email" || lead.persona == "x"', true, false],
  ['lead.attributes.product == "Looms"', true, false],
  ['lead.attributes["product"] == "Looms"', true, false],
  ['lead.attributes.score > 5', true, null],
  ['lead.attributes.score >= 6.5', true, null],
  ['has(lead.attributes.score) && lead.attributes.score > 5', true, false],
  ['has(lead.attributes.nothing)', false, false],
  ['lead.attributes.nothing == null', true, true],
  ['lead.attributes.vip == true', true, false],
  ['has(lead.country) && has(lead.title) ? lead.country == "GB" : has(lead.phone)', true, false],
])('%s', (expression, forAda, forNobody) => {
  expect(evaluateCondition(expression, facts())).toBe(forAda);
  expect(compileSegment(expression)(lead())).toBe(forAda);
  // A segment takes a lead for which there is no answer as not in it.
  expect(compileSegment(expression)(nobody)).toBe(forNobody ?? false);
  const one = (): boolean => evaluateCondition(expression, facts({ lead: nobody }));
  if (forNobody === null) expect(one).toThrow(ConditionError);
  else expect(one()).toBe(forNobody);
}); // prettier-ignore

test.each([
  ['happened.replied', true],
  ['happened.accepted', true],
  ['happened.opened && !happened.clicked && !happened.bounced', true],
  ['sent["hello"]', true],
  ['sent.hello && !sent["visit"] && !sent["never-heard-of"]', true],
  ['outcomes["ring"] == "connected"', true],
  ['outcomes["other"] == ""', true],
  ['outcomes["ring"] in ["voicemail", "no_answer"]', false],
])('%s', (expression, expected) => {
  expect(evaluateCondition(expression, facts())).toBe(expected);
});

test('a lead with hostile values is data, never code', () => {
  const mallory = lead({
    country: '" || true || "',
    attributes: { __proto__x: 'y', constructor: 'c', 'a"b': 'c' },
  });
  expect(evaluateCondition('lead.country == "DE"', facts({ lead: mallory }))).toBe(false);
  expect(evaluateCondition('has(lead.attributes.toString)', facts({ lead: mallory }))).toBe(false);
  expect(evaluateCondition('lead.attributes.hasOwnProperty == null', facts({ lead: mallory }))).toBe(true);
  expect(evaluateCondition('outcomes["constructor"] == ""', facts())).toBe(true);
});

test('an error names the condition and never the lead', () => {
  const secret = lead({ attributes: { score: 'Secret' } });
  try {
    evaluateCondition('int(lead.attributes.score) > 5', facts({ lead: secret }));
    throw new Error('expected a ConditionError');
  } catch (error) {
    expect(error).toBeInstanceOf(ConditionError);
    expect((error as ConditionError).code).toBe('condition_unanswerable');
    expect(`${(error as Error).message} ${(error as Error).stack}`).not.toContain('Secret');
  }
});

test.each([
  ['lead.contry == "DE"', 'did you mean "lead.country"?'],
  ['happened.replied', 'there are: lead'],
  ['lead.country', 'compare it'],
  ['lead.title.matches("(a+)+$")', 'use contains'],
  ['present_["lead.country"]', 'unknown name'],
  ['lead.country ==', 'for example'],
])('a segment %s is refused with a hint', (expression, hint) => {
  expect(() => compileSegment(expression)).toThrow(ConditionError);
  expect(() => compileSegment(expression)).toThrow(hint);
});

test('a condition without bounds is refused', () => {
  expect(() => compileSegment(`${'('.repeat(200)}true${')'.repeat(200)}`)).toThrow(ConditionError);
  expect(() =>
    compileSegment(Array.from({ length: 400 }, () => 'lead.country == "DE"').join(' || ')),
  ).toThrow(ConditionError);
});

const LIST = `[${Array.from({ length: 100 }, () => '0').join(', ')}]`;

test.each([
  [`${LIST}.all(a, ${LIST}.all(b, true))`, 'all stands inside another list’s condition'],
  ['lead.emails.exists(a, lead.emails.filter(b, b == a).size() > 1)', 'filter stands inside another'],
  ['lead.emails.exists(a, has(lead.country) && ([1].map(b, b)).size() == 1)', 'map stands inside another'],
  ['cel.bind(x, [1], cel.bind(y, x + x, y.size() == 2))', 'bind is not available here'],
])('a condition whose cost grows by itself is none: %s', (condition, message) => {
  expect(() => compileSegment(condition)).toThrow(message);
});

test('one list after the other may be asked about', () => {
  const holds = compileSegment(
    'lead.emails.filter(a, a != "").exists(b, b.endsWith(".test")) || lead.phones.exists(a, a == "1")',
  );
  expect(holds(lead({ emails: ['a@b.test'] }))).toBe(true);
});

import { expect, test } from '@jest/globals';
import { problemsOf, withSteps } from './support.ts';

/** Each step list begins in line 3. */
const STEPS: readonly (readonly [string, string, readonly string[]])[] = [
  ['an unknown kind', '  - emial: { subject: x }', ['f.yaml:3:5: unknown field "emial" (did you mean "email"?)']],
  ['an unknown field in a step', '  - email: { subject: a, body: b, attachment: [x] }', ['f.yaml:3:35: unknown field "attachment" (did you mean "attachments"?)']],
  ['no kind', '  - id: a', ['f.yaml:3:5: this step has no kind (one of: email, linkedin, sms, whatsapp, call, task, message, webhook, wait, wait_for, if, split, goal, end, reactivate)']],
  ['two kinds', '  - wait: 1 day\n    end: true', ['f.yaml:3:5: a step has one kind; this one has wait and end (make them separate steps, each with its own "- ")']],
  ['a step that is a word', '  - end', ['f.yaml:3:5: expected a step, found "end" (did you mean "end: true"?)']],
  ['an unknown unit', '  - wait: 2 dyas', ['f.yaml:3:11: expected a length of time, found "2 dyas" (did you mean "2 days"?)']],
  ['a short unit', '  - wait: 3d', ['f.yaml:3:11: expected a length of time, found "3d" (did you mean "3 days"?)']],
  ['no unit', '  - wait: 5', ['f.yaml:3:11: expected a length of time, found the number 5 (for example 30 minutes or 4 hours or 2 days or 3 business days)']],
  ['no time at all', '  - wait: 0 days', ['f.yaml:3:11: expected a length of time, found "0 days" (write it as "30 minutes", "4 hours", "2 days", "3 business days" or "1 week")']],
  ['a day that is not in the calendar', '  - wait: { until: 2026-02-30 }', ['f.yaml:3:20: "2026-02-30" is not in the calendar (year-month-day, for example 2026-12-01T09:00)']],
  ['no field of dates', '  - wait: { until: lead.renewal_date }', ['f.yaml:3:20: expected a local date and time or a lead\'s field, found "lead.renewal_date" (did you mean "lead.attributes.renewal_date"?)']],
  ['an unknown event', '  - wait_for: { event: acepted, within: 5 days }\n    then: [{ end: true }]', ['f.yaml:3:24: "acepted" is not possible for "event" (did you mean "accepted"?)']],
  ['an unknown action', '  - linkedin: { action: vist }', ['f.yaml:3:25: "vist" is not possible for "action" (did you mean "visit"?)']],
  ['an unknown outcome', '  - call: { script: x }\n    outcomes: { conected: [] }', ['f.yaml:4:17: a call has no outcome "conected" (did you mean "connected"?)']],
  ['an outcome that no task has', '  - task: { title: x }\n    outcomes: { finished: [] }', ['f.yaml:4:17: a task has no outcome "finished" (outcomes: done, skipped)']],
  ['a field of another kind', '  - sms: { text: x }\n    then: []', ['f.yaml:4:5: "then" does not go with sms (it goes with: if, wait_for)']],
  ['a LinkedIn else outside', '  - linkedin: { action: message, text: x }\n    else: []', ['f.yaml:4:5: "else" does not go with linkedin (put it inside linkedin)']],
  ['an invite with a text', '  - linkedin: { action: invite, text: x }', ['f.yaml:3:33: "text" does not go with action: invite (an invite has a note)']],
  ['a message without a text', '  - linkedin: { action: message }', ['f.yaml:3:5: "text" is missing (a LinkedIn message has a text)']],
  ['a missing field', '  - sms: {}', ['f.yaml:3:5: "text" is missing (for example Hi {{ lead.first_name | default: "there" }})']],
  ['an empty text', '  - sms: { text: " " }', ['f.yaml:3:18: "text" is empty (for example Hi {{ lead.first_name | default: "there" }})']],
  ['a number for a text', '  - sms: { text: 12 }', ['f.yaml:3:18: expected a text, found the number 12 (put it in quotes: "12")']],
  ['nothing after the colon', '  - email:', ['f.yaml:3:11: expected an email, found nothing (for example { subject: "Hello {{ lead.first_name }}", body: "…" })']],
  ['body and html', '  - email: { subject: a, body: b, html: c }', ['f.yaml:3:35: an email has a body or html, not both (keep one; text is the plain-text alternative)']],
  ['a subject over two lines', '  - email: { subject: "a\\nb", body: c }', ['f.yaml:3:23: a subject has no line breaks (write it on one line, or with >- folded)']],
  ['WhatsApp with nothing', '  - whatsapp: {}', ['f.yaml:3:5: a WhatsApp message has content_sid or text (content_sid reaches a lead at any time, text only within 24 hours of their last message)']],
  ['a webhook whose host is a template', '  - webhook: { url: "https://{{ lead.company_domain }}/x" }', ['f.yaml:3:21: expected a web address with a fixed host, found "https://{{ lead.company_domain }}/x" (for example https://example.com/hook; templates may stand after the host)']],
  ['one arm', '  - split: { a: { weight: 1, steps: [] } }', ['f.yaml:3:5: a split has at least two arms ({ a: { weight: 50, steps: […] }, b: { weight: 50, steps: […] } })']],
  ['an unknown variable', '  - sms: { text: "Hi {{ lead.frist_name }}" }', ['f.yaml:3:25: unknown variable "lead.frist_name" (did you mean "lead.first_name"?)']],
  ['a variable without lead', '  - sms: { text: "Hi {{ first_name }}" }', ['f.yaml:3:25: unknown variable "first_name" (did you mean "lead.first_name"?)']],
  ['a custom column without attributes', '  - sms: { text: "{{ lead.budget_2026 }}" }', ['f.yaml:3:22: unknown variable "lead.budget_2026" (a custom column is written lead.attributes.budget_2026; known: id, external_id, first_name, last_name, full_name, company, company_domain, title, email, phone, …)']],
  ['a variable in a block of text', '  - email:\n      subject: Hi\n      body: |\n        Hello {{ lead.first_name }},\n\n          and {{ sender.nmae }}', ['f.yaml:8:18: unknown variable "sender.nmae" (did you mean "sender.name"?)']],
  ['the second of two equal names', '  - sms: { text: "lead.frist {{ lead.frist }}" }', ['f.yaml:3:33: unknown variable "lead.frist" (a custom column is written lead.attributes.frist; known: id, external_id, first_name, last_name, full_name, company, company_domain, title, email, phone, …)']],
  ['an unknown filter', '  - sms: { text: "{{ lead.title | upcse }}" }', ['f.yaml:3:35: unknown filter "upcse" (did you mean "upcase"?)']],
  ['a filter that there is not', '  - sms: { text: "{{ lead.title | raw }}" }', ['f.yaml:3:35: unknown filter "raw" (values are always escaped; there is no way around)']],
  ['an unknown tag', '  - sms: { text: "{% spn %}a{% endspin %}" }', ['f.yaml:3:19: unknown tag "spn" (did you mean "spin"?)']],
  ['a tag that reads files', '  - sms: { text: "{% include \'x\' %}" }', ['f.yaml:3:19: unknown tag "include" (templates read no files)']],
  ['an open tag', '  - sms: { text: "a {% if lead.title %}b" }', ['f.yaml:3:21: "{% if lead.title %}" is not closed (add {% endif %})']],
  ['an open value', '  - sms: { text: "a {{ lead.title" }', ['f.yaml:3:21: a value or tag is opened and not closed (close it with }} or %})']],
  ['unsubscribe_url in an SMS', '  - sms: { text: "{{ unsubscribe_url }}" }', ['f.yaml:3:22: unsubscribe_url is there in emails only (write how to answer instead, such as "reply STOP")']],
  ['a value in an unquoted attribute', '  - email: { subject: a, html: "<a href={{ lead.linkedin_url }}>b</a>" }', ['f.yaml:3:41: a value stands inside a tag, a comment or a script; put it into the text or a quoted attribute (for example <a href="{{ unsubscribe_url }}">text</a>)']],
  ['a reply to nothing', '  - email: { body: a, reply_to: hello }', ['f.yaml:3:33: there is no step "hello" (there is no email step before this one)']],
  ['a reply to a misspelt step', '  - id: hello\n    email: { subject: a, body: b }\n  - email: { body: a, reply_to: helo }', ['f.yaml:5:33: there is no step "helo" (did you mean "hello"?)']],
  ['a reply to a later step', '  - email: { body: a, reply_to: z }\n  - id: z\n    email: { subject: a, body: b }', ['f.yaml:3:33: the step "z" comes later (there is no email step before this one)']],
  ['a reply to another branch', '  - if: has(lead.title)\n    then: [{ id: z, email: { subject: a, body: b } }]\n    else: [{ email: { body: a, reply_to: z } }]', ['f.yaml:5:42: the step "z" is on another branch (there is no email step before this one)']],
  ['a reply to no email', '  - id: z\n    wait: 1 day\n  - email: { body: a, reply_to: z }', ['f.yaml:5:33: the step "z" is no email (there is no email step before this one)']],
  ['an id twice', '  - id: a\n    wait: 1 day\n  - id: a\n    end: true', ['f.yaml:5:9: the step id "a" is used twice, first in line 3 (rename one of them)']],
  ['an id that another step is given', '  - id: wait-2\n    wait: 1 day\n  - wait: 1 day', ['f.yaml:5:5: the step id "wait-2" is used twice, first in line 3 (ids like email-2 are given to steps without one; choose another)']],
  ['a bad id', '  - id: My Step\n    wait: 1 day', ['f.yaml:3:9: expected a step\'s id, found "My Step" (lower-case letters, digits and -, beginning with a letter: "my-step")']],
  ['a step after the end', '  - end: true\n  - wait: 1 day', ['f.yaml:4:5: this step is never reached: the sequence ends with the end before it (remove it, or move it before)']],
  ['a step after branches that end', '  - if: has(lead.title)\n    then: [{ end: true }]\n    else: [{ goal: done }]\n  - wait: 1 day', ['f.yaml:6:5: this step is never reached: every branch before it ends the sequence (remove it, or move it before)']],
  ['an unknown name in a condition', '  - if: lead.contry == "DE"\n    then: [{ end: true }]', ['f.yaml:3:14: unknown name "lead.contry" (did you mean "lead.country"?)']],
  ['an unknown name in has', '  - if: has(lead.contry)\n    then: [{ end: true }]', ['f.yaml:3:9: unknown name "lead.contry" (did you mean "country"?)']],
  ['an unknown event in a condition', '  - if: happened.replid\n    then: [{ end: true }]', ['f.yaml:3:18: unknown name "happened.replid" (did you mean "happened.replied"?)']],
  ['an unknown top name', '  - if: laed.country == "DE"\n    then: [{ end: true }]', ['f.yaml:3:9: unknown name "laed" (did you mean "lead"?)']],
  ['types that do not go together', '  - if: lead.country == 5\n    then: [{ end: true }]', ["f.yaml:3:9: these don't go together: string == int (texts stand in quotes; compare texts with texts and numbers with numbers)"]],
  ['a condition that is a text', '  - if: lead.country\n    then: [{ end: true }]', ['f.yaml:3:9: a condition is true or false; this is a text (compare it, for example lead.country == "DE")']],
  ['a condition of unknown type', '  - if: lead.attributes.vip\n    then: [{ end: true }]', ['f.yaml:3:9: a condition is true or false; this is a value of unknown type (compare it, for example == true or == "gold")']],
  ['a single equals sign', '  - if: lead.country = "DE"\n    then: [{ end: true }]', ['f.yaml:3:22: not a valid condition: Unexpected character: = (equality is written ==)']],
  ['an unknown step in a condition', '  - id: hello\n    wait: 1 day\n  - if: sent["helo"]\n    then: [{ end: true }]', ['f.yaml:5:15: there is no step "helo" (did you mean "hello"?)']],
  ['an outcome of a step without one', '  - id: hello\n    wait: 1 day\n  - if: outcomes["hello"] == "done"\n    then: [{ end: true }]', ['f.yaml:5:19: the step "hello" has no outcome (calls and tasks: )']],
  ['an unknown outcome in a condition', '  - id: ring\n    call: { script: x }\n  - if: outcomes["ring"] == "conected"\n    then: [{ end: true }]', ['f.yaml:5:30: a call has no outcome "conected" (did you mean "connected"?)']],
  ['a condition without steps', '  - if: has(lead.title)', ['f.yaml:3:5: "if" without "then" or "else" changes nothing (give the steps for at least one of them)']],
  ['a note that is too long', `  - linkedin: { action: invite, note: "${'n'.repeat(301)}" }`, ['f.yaml:3:39: a LinkedIn note takes at most 300 characters; this has at least 301 (shorten it, and leave room for the values)']],
  ['an SMS that is too long on its shortest way', `  - sms: { text: "${'n'.repeat(1500)}{% spin %}${'a'.repeat(200)}{% or %}${'b'.repeat(101)}{% endspin %}" }`, ['f.yaml:3:18: an SMS takes at most 1600 characters; this has at least 1601 (shorten it, and leave room for the values)']],
]; // prettier-ignore

test.each(STEPS)('the error names place and remedy of %s', (_what, steps, expected) => {
  expect(problemsOf(withSteps(steps))).toEqual(expected);
});

const FILES: readonly (readonly [string, string, readonly string[]])[] = [
  ['no steps', 'name: a\n', ['f.yaml:1:1: "steps" is missing']],
  ['an empty list of steps', 'name: a\nsteps: []\n', ['f.yaml:2:8: "steps" needs at least 1 of them']],
  ['no name', 'steps:\n  - end: true\n', ['f.yaml:1:1: "name" is missing (for example classic)']],
  ['a list instead of fields', '- a\n', ['f.yaml:1:1: expected a sequence, found a list (for example name: classic)']],
  ['a bad name', 'name: My Sequence\nsteps: [{ end: true }]\n', ['f.yaml:1:7: expected a sequence\'s name, found "My Sequence" (lower-case letters, digits and -, beginning with a letter: "my-sequence")']],
  ['a misspelt setting', 'name: a\ntitel: b\nsteps: [{ end: true }]\n', ['f.yaml:2:1: unknown field "titel" (did you mean "title"?)']],
  ['hours in the wrong order', 'name: a\nwindow: { from: "18:00" }\nsteps: [{ end: true }]\n', ['f.yaml:2:17: the window ends (17:00) before it begins (18:00) (from is earlier than to, on the same day)']],
  ['an unknown zone', 'name: a\nwindow: { time_zone: Europe/Berln }\nsteps: [{ end: true }]\n', ['f.yaml:2:22: there is no time zone "Europe/Berln" (did you mean "Europe/Berlin"?)']],
  ['an unknown country', 'name: a\nwindow: { holidays: [DE, QX] }\nsteps: [{ end: true }]\n', ['f.yaml:2:26: there is no country "QX" (two letters of ISO 3166-1, for example DE, FR, GB)']],
  ['an unknown day', 'name: a\nwindow: { days: [mon, fry] }\nsteps: [{ end: true }]\n', ['f.yaml:2:23: "fry" is not possible for "days" (did you mean "fri"?)']],
  ['a stop rule that is none of them', 'name: a\nstop_on: { unsubscribed: none }\nsteps: [{ end: true }]\n', ['f.yaml:2:26: "none" is not possible for "unsubscribed" (possible: lead, company)']],
  ['a footer without the link', 'name: a\nunsubscribe_footer: bye\nsteps: [{ end: true }]\n', ['f.yaml:2:21: the footer has no {{ unsubscribe_url }} (for example [Unsubscribe]({{ unsubscribe_url }}))']],
  ['senders of no channel', 'name: a\nsenders: { mail: [x] }\nsteps: [{ end: true }]\n', ['f.yaml:2:12: unknown field "mail" (did you mean "email"?)']],
]; // prettier-ignore

test.each(FILES)('the error names place and remedy of a file with %s', (_what, source, expected) => {
  expect(problemsOf(source)).toEqual(expected);
});

test('everything that is wrong is said in one go, in the order of the file', () => {
  const source = withSteps(
    '  - sms: { text: "{{ lead.frist_name }}" }\n  - wait: 2 dyas\n  - linkedin: { action: vist }\n  - if: lead.contry == "x"\n    then: [{ end: true }, { end: true }]',
    'window: { time_zone: Mars }\n',
  );
  expect(problemsOf(source).map((line) => line.split(': ')[0])).toEqual([
    'f.yaml:2:22', 'f.yaml:4:22', 'f.yaml:5:11', 'f.yaml:6:25', 'f.yaml:7:14', 'f.yaml:8:27',
  ]); // prettier-ignore
});

test('a reactivation into a sequence that does not exist is an error when it can be known', () => {
  const source = withSteps('  - reactivate: { after: 21 days, with: reactivaton }');
  expect(problemsOf(source)).toEqual([]);
  expect(problemsOf(source, { sequenceExists: (name) => name === 'reactivation' })).toEqual([
    'f.yaml:3:41: there is no sequence "reactivaton" (add reactivaton.yaml beside this file, or publish it first)',
  ]);
});

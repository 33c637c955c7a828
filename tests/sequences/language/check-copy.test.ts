/** A check of a text says what rendering it would: what a plan, a dry run and a simulation tell is what will be. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkCopy, renderCopy, type Rendered } from '../../../sequences/language/index.ts';
import { context, lead } from './support.ts';

const PIECES = [
  'Hello ',
  '{{ lead.first_name }} ',
  '{{ lead.company | default: "your company" }}\n\n',
  '[here]({{ lead.linkedin_url }}) ',
  '[this](https://x.test/{{ lead.first_name | url_encode }}) ',
  '{% if lead.title %}*{{ lead.title }}*{% endif %}',
  '{% spin %}one{% or %}two{% endspin %}',
  '<b title="{{ lead.title }}">b</b>',
  '<img src="https://x.test/p.png">',
  '{{ lead.country | default: "" }}',
  '\n- a\n- {{ lead.company }}\n\n',
  '&nbsp;',
] as const;
const text = fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 6 }).map((all) => all.join(''));
const value = fc.constantFrom(
  null,
  '',
  'Ada',
  'A & <b>B</b>',
  'https://x.test/',
  'javascript:x',
  'a\nb',
  '*a*',
);

const outcome = (run: () => unknown): string => {
  try {
    run();
    return 'well';
  } catch (error) {
    return String(error);
  }
};

test('a check fails as rendering does, and only then', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(
      fc.record({
        body: text,
        kind: fc.constantFrom('body', 'html'),
        own: fc.option(text, { nil: undefined }),
        subject: fc.option(text, { nil: undefined }),
        footer: fc.option(text),
        firstName: value,
        company: value,
        title: value,
        linkedinUrl: value,
        channel: fc.constantFrom('email', 'sms', 'linkedin' as const),
      }),
      ({ body, kind, own, subject, footer, channel, ...profile }) => {
        const copy = { [kind]: body, ...(own && { text: own }), ...(subject && { subject }) };
        const who = context({ lead: lead(profile), unsubscribeFooter: footer });
        const rendered = outcome(() => renderCopy(copy, channel as 'email', who));
        seen.add(rendered.replace(/\d+/g, ''));
        expect(outcome(() => checkCopy(copy, channel as 'email', who))).toBe(rendered);
      },
    ),
    { numRuns: 2000 },
  );
  // Not a comparison of what always goes well.
  expect([...seen].filter((one) => one.includes('MissingVariable')).length).toBeGreaterThan(2);
  expect([...seen].filter((one) => one.includes('no address'))).toHaveLength(1);
  expect(seen).toContain('well');
});

test('a text is rendered for each lead anew, however often it was rendered before', () => {
  const copy = { body: 'Hi **{{ lead.first_name }}**, [see]({{ lead.linkedin_url }})' };
  const mail = (change: Parameters<typeof lead>[0]): Rendered =>
    renderCopy(copy, 'email', context({ lead: lead(change) }));
  for (const name of ['Ada', 'Bo & Co', 'Ada'])
    expect(mail({ firstName: name, linkedinUrl: `https://x.test/${name.length}` })).toEqual({
      html: `<p>Hi <strong>${name.replace('&', '&amp;')}</strong>, <a href="https://x.test/${name.length}">see</a></p>`,
      text: `Hi ${name}, see (https://x.test/${name.length})`,
    });
});

test('an email of one image is one', () => {
  const copy = { html: '<img src="https://x.test/p.png">' };
  expect(renderCopy(copy, 'email', context())).toEqual({ html: copy.html, text: '' });
});

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CopyError, renderCopy } from '../../../sequences/language/index.ts';
import { context, lead, sender } from './support.ts';

const email = (body: string, firstName: string): { html: string; text: string } => {
  const { html = '', text } = renderCopy(
    { subject: 'x', body },
    'email',
    context({ lead: lead({ firstName }) }),
  );
  return { html, text };
};

test.each([
  ['<b>Ada</b>', '&lt;b&gt;Ada&lt;/b&gt;'],
  ['<script>alert(1)</script>', '&lt;script&gt;alert(1)&lt;/script&gt;'],
  ['Tom & "Jerry"', 'Tom &amp; &quot;Jerry&quot;'],
  ['**Ada**', '**Ada**'],
  ['_Ada_ `x`', '_Ada_ `x`'],
  ['# Ada', '# Ada'],
  ['- Ada', '- Ada'],
  ['1. Ada', '1. Ada'],
  ['> Ada', '&gt; Ada'],
  ['[free money](https://evil.test)', '[free money](https://evil.test)'],
  ['![x](https://evil.test/p.png)', '![x](https://evil.test/p.png)'],
  ['<https://evil.test>', '&lt;https://evil.test&gt;'],
  ['https://evil.test', 'https://evil.test'],
  ['www.evil.test', 'www.evil.test'],
  ['Ada | Bob', 'Ada | Bob'],
  ['&lt;b&gt;', '&amp;lt;b&amp;gt;'],
  ['{{ lead.email }}', '{{ lead.email }}'],
  ['{% raw %}', '{% raw %}'],
  ['a\n\n# b', 'a<br><br># b'],
  ['\uE0000\uE001', '0'],
  ['%EE%80%800%EE%80%81', '%EE%80%800%EE%80%81'],
])('a lead named %j is text in the HTML of a Markdown email', (name, expected) => {
  expect(email('{{ lead.first_name }}', name).html).toBe(`<p>${expected}</p>`);
  expect(email('Hi *{{ lead.first_name }}*, x', name).html).toBe(`<p>Hi <em>${expected}</em>, x</p>`);
});

test('the plain text has the name as it is', () => {
  expect(email('Hi {{ lead.first_name }}!', '<b>Ada</b> [x](y) & Co').text).toBe(
    'Hi <b>Ada</b> [x](y) & Co!',
  );
});

test('values are escaped in HTML bodies, in text and in quoted attributes', () => {
  const html = '<p title="{{ lead.first_name }}">{{ lead.first_name }}</p>';
  const rendered = renderCopy(
    { subject: 'x', html },
    'email',
    context({ lead: lead({ firstName: '"><img src=x onerror=alert(1)>' }) }),
  );
  const escaped = '&quot;&gt;&lt;img src=x onerror=alert(1)&gt;';
  expect(rendered.html).toBe(`<p title="${escaped}">${escaped}</p>`);
});

test.each([
  ['javascript:alert(1)'],
  ['JaVaScRiPt:alert(1)'],
  ['java\tscript:alert(1)'],
  ['data:text/html,x'],
  ['//evil.test'],
  ['acme.test'],
])('a link made of the value %j is refused', (calendar) => {
  const ctx = context({ sender: sender({ attributes: { calendar } }) });
  for (const copy of [
    { subject: 'x', body: '[book]({{ sender.attributes.calendar }})' },
    { subject: 'x', html: '<a href="{{ sender.attributes.calendar }}">book</a>' },
    { subject: 'x', html: "<a class='a' href = '{{ sender.attributes.calendar }}'>book</a>" },
  ]) {
    expect(() => renderCopy(copy, 'email', ctx)).toThrow(CopyError);
  }
});

test.each([
  '<a href={{ lead.first_name }}>x</a>',
  '<p {{ lead.first_name }}>x</p>',
  '<{{ lead.first_name }}>x',
  '<p onclick="{{ lead.first_name }}">x</p>',
  '<p style="{{ lead.first_name }}">x</p>',
  '<style>{{ lead.first_name }}</style>',
  '<script>{{ lead.first_name }}</script>',
  '<!-- {{ lead.first_name }} -->',
])('a value that would be markup is refused: %s', (html) => {
  expect(() => renderCopy({ subject: 'x', html }, 'email', context())).toThrow(CopyError);
});

test('no value begins a header: line breaks in a subject collapse', () => {
  const firstName = 'Ada\r\nBcc: all@evil.test\u2028X: y\u0085Z\u000bQ';
  const { subject } = renderCopy(
    { subject: 'Hi {{ lead.first_name }}', body: 'x' },
    'email',
    context({ lead: lead({ firstName }) }),
  );
  expect(subject).toBe('Hi Ada Bcc: all@evil.test X: y ZQ');
});

test('a value cannot change the address of a webhook', () => {
  const ctx = context({
    action: 'webhook',
    lead: lead({ firstName: '../../x?y=1#z', title: '@evil.test/' }),
  });
  const { url } = renderCopy(
    { url: 'https://x.test/{{ lead.first_name }}/{{ lead.title }}' },
    'webhook',
    ctx,
  );
  expect(url).toBe('https://x.test/..%2F..%2Fx%3Fy%3D1%23z/%40evil.test%2F');
});

test('whatever a lead is called, the markup is that of the template', () => {
  const body = '# Hi {{ lead.first_name }}\n\n**{{ lead.first_name }}** [a](https://x.test/{{ lead.first_name }} "t")\n\n| a | b |\n|---|---|\n| {{ lead.first_name }} | c |\n';
  const tags = (html: string): string[] => [...html.replaceAll('<br>', '').matchAll(/<\/?([a-z0-9]+)/g)].map((match) => match[0]);
  const expected = tags(email(body, 'Ada').html);
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), fc.constantFrom('', '<', '"', '](', '`', '\n\n', '\n# ', '|', '**'), (text, markup) => {
      const name = `x${text}${markup}${text}`;
      expect(tags(email(body, name).html)).toEqual(expected);
    }),
    { numRuns: 150 },
  );
}); // prettier-ignore

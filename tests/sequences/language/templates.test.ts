import { expect, test } from '@jest/globals';
import {
  CopyError,
  MissingVariable,
  renderCopy,
  type RenderContext,
} from '../../../sequences/language/index.ts';
import { context, lead, sender } from './support.ts';

const sms = (body: string, change: Partial<RenderContext> = {}): string =>
  renderCopy({ body }, 'sms', context({ action: 'sms', ...change })).text;

function failure(run: () => unknown): CopyError {
  try {
    run();
  } catch (error) {
    if (error instanceof CopyError) return error;
    throw error;
  }
  throw new Error('expected a CopyError');
}

test.each([
  ['Hi {{ lead.first_name }} of {{ lead.company }}', 'Hi Ada of Acme'],
  ['{{ lead.full_name }} {{ lead.email }} {{ lead.phone }} {{ lead.emails }}', 'Ada Lovelace ada@acme.test +441632960001 ada@acme.test'],
  ['{{ lead.attributes.product | upcase }} {{ lead.attributes.score | plus: 1 }} {{ lead.attributes.vip }}', 'LOOMS 8 true'],
  ['{{ sender.name }}, {{ sender.first_name }}, {{ sender.attributes.calendar }}', 'Grace Hopper, Grace, https://cal.test/grace'],
  ['{{ lead.attributes.renewal_date | date: "%-d %B %Y" }}', '1 December 2026'],
  ['{{ lead.consent.status }}', 'given'],
  ['{% if lead.attributes.vip %}VIP{% else %}no{% endif %}', 'VIP'],
  ['{% assign short = lead.title | split: " " | first %}{{ short }}', 'VP'],
  ['{% for mail in lead.emails %}<{{ mail }}>{% endfor %}', '<ada@acme.test>'],
  ['{% raw %}{{ not a value }}{% endraw %}', '{{ not a value }}'],
  ['{{ lead.first_name | url_encode }} {{ lead.company | append: " & Co" | url_encode }}', 'Ada Acme%20%26%20Co'],
])('%s', (body, expected) => {
  expect(sms(body)).toBe(expected);
}); // prettier-ignore

test.each([
  ['null', { firstName: null }],
  ['empty', { firstName: '' }],
  ['blank', { firstName: ' \t ' }],
  ['invisible', { firstName: '\u0000\u202E' }],
] as const)(
  'promise 7: a value that is %s takes the default, and without one is a MissingVariable',
  (_what, change) => {
    const someone = context({ lead: lead(change), action: 'sms' });
    expect(sms('Hi {{ lead.first_name | default: "there" }}', someone)).toBe('Hi there');
    expect(sms('Hi{{ lead.first_name | default: "" }}!', someone)).toBe('Hi!');
    expect(sms('{% if lead.first_name %}Hi {{ lead.first_name }}{% else %}Hello{% endif %}', someone)).toBe(
      'Hello',
    );
    expect(sms('{% if lead.first_name == "Ada" %}Hi{% else %}Hello{% endif %}', someone)).toBe('Hello');
    expect(sms('{% unless lead.first_name %}Hello{% endunless %}', someone)).toBe('Hello');
    for (const body of [
      'Hi {{ lead.first_name }}',
      '{{ lead.first_name | append: "!" }}',
      '{{ "Hi " | append: lead.first_name }}',
      '{{ lead.first_name | upcase | default: "there" }}',
      '{% assign name = lead.first_name %}Hi {{ name }}',
      '{% assign name = lead.first_name | append: "!" %}Hi {{ name }}',
      '{% assign name = "Hi " | append: lead.first_name %}{{ name }}',
      '{% spin %}Hi {{ lead.first_name }}{% or %}Hello {{ lead.first_name }}{% endspin %}',
      '{% for mail in lead.emails %}{{ lead.first_name }}{% endfor %}',
    ]) {
      const error = failure(() => sms(body, someone));
      expect(error).toBeInstanceOf(MissingVariable);
      expect((error as MissingVariable).variable).toBe('lead.first_name');
      expect(error.code).toBe('missing_variable');
    }
  },
);

test('promise 7: a missing variable is noticed in every field that goes out', () => {
  const someone = context({ lead: lead({ firstName: null }) });
  const name = '{{ lead.first_name }}';
  for (const copy of [
    { subject: name, body: 'x' },
    { subject: 'x', body: name },
    { subject: 'x', html: `<p>${name}</p>` },
    { subject: 'x', body: 'x', text: name },
  ]) {
    expect(() => renderCopy(copy, 'email', someone)).toThrow(MissingVariable);
  }
  expect(() => renderCopy({ title: name, body: 'x' }, 'task', someone)).toThrow(MissingVariable);
  expect(() => renderCopy({ contentSid: 'HX', variables: { '1': name } }, 'whatsapp', someone)).toThrow(
    MissingVariable,
  );
  expect(() => renderCopy({ url: `https://x.test/${name}` }, 'webhook', someone)).toThrow(MissingVariable);
  expect(() =>
    renderCopy({ url: 'https://x.test/', data: { deep: [{ name }] } }, 'webhook', someone),
  ).toThrow(MissingVariable);
});

test('promise 7: what a filter leaves empty, a list without items, no sender and no link are missing too', () => {
  const missing = (body: string, change: Partial<RenderContext> = {}): string =>
    (failure(() => sms(body, change)) as MissingVariable).variable;
  expect(missing('{{ lead.company | remove: "Acme" }}')).toBe('lead.company');
  expect(missing('{{ lead.emails }}', { lead: lead({ emails: [] }) })).toBe('lead.emails');
  expect(missing('{{ lead.email }}', { lead: lead({ emails: [] }) })).toBe('lead.email');
  expect(missing('{{ lead.emails.first }}', { lead: lead({ emails: [] }) })).toBe('lead.emails.first');
  expect(missing('{{ lead.attributes.nothing }}')).toBe('lead.attributes.nothing');
  expect(missing('{{ lead.attributes.unknown }}')).toBe('lead.attributes.unknown');
  expect(missing('{{ sender.name }}', { sender: null })).toBe('sender.name');
  expect(missing('{{ sender.attributes.signature }}', { sender: sender({ attributes: {} }) })).toBe(
    'sender.attributes.signature',
  );
  const email = context({ unsubscribeUrl: null, unsubscribeFooter: '[out]({{ unsubscribe_url }})' });
  expect(
    (failure(() => renderCopy({ subject: 'a', body: 'b' }, 'email', email)) as MissingVariable).variable,
  ).toBe('unsubscribe_url');
});

test('the error of a missing variable carries the name, and no value of the lead', () => {
  const error = failure(() =>
    sms('{{ lead.title }} {{ lead.first_name }}', { lead: lead({ firstName: null, title: 'Secret' }) }),
  );
  expect(`${error.message} ${error.stack}`).not.toContain('Secret');
});

test('spintax takes the same text for a lead every time, and all of its texts over many leads', () => {
  const body = '{% spin %}a{% or %}b{% or %}c{% endspin %} {% spin %}a{% or %}b{% or %}c{% endspin %}';
  const texts = Array.from({ length: 300 }, (_, n) => sms(body, { lead: lead({ seed: `seed-${n}` }) }));
  const again = Array.from({ length: 300 }, (_, n) =>
    sms(body, { lead: lead({ seed: `seed-${n}`, firstName: 'Bob' }) }),
  );
  expect(again).toEqual(texts);
  expect(new Set(texts).size).toBe(9);
  for (const letter of ['a', 'b', 'c']) {
    const share = texts.filter((text) => text.startsWith(letter)).length;
    expect(share).toBeGreaterThan(60);
    expect(share).toBeLessThan(140);
  }
  const steps = new Set(Array.from({ length: 30 }, (_, n) => sms(body, { stepId: `step-${n}` })));
  expect(steps.size).toBeGreaterThan(1);
});

test('spintax may nest', () => {
  const body = '{% spin %}a{% spin %}1{% or %}2{% endspin %}{% or %}b{% endspin %}';
  const texts = new Set(
    Array.from({ length: 100 }, (_, n) => sms(body, { lead: lead({ seed: String(n) }) })),
  );
  expect([...texts].sort()).toEqual(['a1', 'a2', 'b']);
});

test('an email becomes HTML and text, the footer below both', () => {
  const rendered = renderCopy(
    { subject: 'Looms for {{ lead.company }}', body: 'Hi **{{ lead.first_name }}**,\nline two\n\n- one\n- [book]({{ sender.attributes.calendar }})\n\n{{ sender.attributes.signature }}\n' },
    'email',
    context({ unsubscribeFooter: 'No more? [Unsubscribe]({{ unsubscribe_url }}).' }),
  ); // prettier-ignore
  expect(rendered.subject).toBe('Looms for Acme');
  expect(rendered.html).toBe(
    [
      '<p>Hi <strong>Ada</strong>,<br>line two</p>',
      '<ul>',
      '<li>one</li>',
      '<li><a href="https://cal.test/grace">book</a></li>',
      '</ul>',
      '<p>Grace<br>Sender Ltd</p>',
      '<div style="margin-top:2em;font-size:0.85em;color:#666666"><p>No more? <a href="https://u.test/x?t=1&amp;s=2">Unsubscribe</a>.</p></div>',
    ].join('\n'),
  );
  expect(rendered.text).toBe(
    'Hi Ada,\nline two\n\n * one\n * book (https://cal.test/grace)\n\nGrace\nSender Ltd\n\nNo more? Unsubscribe (https://u.test/x?t=1&s=2).',
  );
  expect(rendered.footer).toBe('No more? Unsubscribe (https://u.test/x?t=1&s=2).');
});

test('a text alternative of its own keeps its words and gets the footer', () => {
  const rendered = renderCopy(
    {
      subject: 'a',
      html: '<html><body><p>Hi {{ lead.first_name }}</p></body></html>',
      text: 'Plain {{ lead.first_name }}',
    },
    'email',
    context({ unsubscribeFooter: '[out]({{ unsubscribe_url }})' }),
  );
  expect(rendered.text).toBe('Plain Ada\n\nout (https://u.test/x?t=1&s=2)');
  expect(rendered.html).toMatch(/^<html><body><p>Hi Ada<\/p><div .*<\/div>\n<\/body><\/html>$/);
});

test('a reply has no subject of its own, and attachments pass through', () => {
  const attachments = [{ name: 'a.pdf', contentType: 'application/pdf', base64: 'eA==' }];
  const rendered = renderCopy({ body: 'x', attachments }, 'email', context());
  expect(rendered.subject).toBeUndefined();
  expect(rendered.attachments).toEqual(attachments);
});

test('webhooks, tasks, WhatsApp templates and messages by channel', () => {
  const hook = renderCopy(
    { url: 'https://x.test/{{ lead.email }}?q={{ lead.company | append: " & Co" | url_encode }}', data: { name: '{{ lead.first_name }}', n: 1, list: [true, null, '{{ lead.title }}'] } },
    'webhook',
    context({ action: 'webhook' }),
  ); // prettier-ignore
  expect(hook.url).toBe('https://x.test/ada%40acme.test?q=Acme%20%26%20Co');
  expect(hook.data).toEqual({ name: 'Ada', n: 1, list: [true, null, 'VP Engineering'] });
  const task = renderCopy(
    { title: 'Write to {{ lead.first_name }}', body: 'a\nb' },
    'task',
    context({ action: 'task' }),
  );
  expect(task).toMatchObject({ title: 'Write to Ada', text: 'a\nb' });
  const template = renderCopy(
    { contentSid: 'HX1', variables: { '1': '{{ lead.first_name }}' } },
    'whatsapp',
    context({ action: 'whatsapp' }),
  );
  expect(template).toEqual({ contentSid: 'HX1', variables: { '1': 'Ada' }, text: '' });
  const message = { byChannel: { sms: { body: 'short' }, email: { subject: 's', body: 'long' } } };
  expect(renderCopy(message, 'sms', context({ action: 'sms' })).text).toBe('short');
  expect(renderCopy(message, 'email', context()).subject).toBe('s');
  expect(failure(() => renderCopy(message, 'whatsapp', context({ action: 'whatsapp' }))).code).toBe(
    'template_failed',
  );
  expect(renderCopy({}, 'linkedin', context({ action: 'visit' })).text).toBe('');
});

test.each([
  ['linkedin', 'invite', 300],
  ['linkedin', 'message', 8000],
  ['sms', 'sms', 1600],
  ['whatsapp', 'whatsapp', 4096],
] as const)(
  'a %s %s is checked against %i characters again when it is rendered',
  (channel, action, limit) => {
    const rendered = (length: number): string =>
      renderCopy(
        { body: '{{ lead.company }}' },
        channel,
        context({ action, lead: lead({ company: '😀'.repeat(length) }) }),
      ).text;
    expect([...rendered(limit)]).toHaveLength(limit);
    expect(failure(() => rendered(limit + 1)).code).toBe('text_too_long');
  },
);

test('a text that comes out empty is not sent', () => {
  expect(failure(() => sms('{% if lead.country == "XX" %}x{% endif %}')).code).toBe('template_failed');
  const email = { subject: 'x', body: '{% if lead.country == "XX" %}x{% endif %}' };
  expect(failure(() => renderCopy(email, 'email', context())).code).toBe('template_failed');
});

test('a template cannot tell the time, read files, or run for ever', () => {
  expect(failure(() => sms('{{ "now" | date: "%Y" }}')).code).toBe('unsafe_value');
  expect(failure(() => sms('{{ lead.company | date: "%Y" }}')).code).toBe('unsafe_value');
  for (const body of ['{% include "/etc/passwd" %}', '{% render "x" %}', '{% layout "x" %}', '{{ lead.emails | sample }}']) {
    expect(failure(() => sms(body)).code).toBe('template_failed');
  }
  expect(failure(() => sms('{% for i in (1..100000000) %}x{% endfor %}')).code).toBe('template_failed');
  expect(failure(() => sms('{% for i in (1..900) %}{% for j in (1..900) %}{% for k in (1..900) %}{% endfor %}{% endfor %}{% endfor %}')).message).toContain('too long');
}); // prettier-ignore

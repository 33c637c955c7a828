import { expect, test } from '@jest/globals';
import { classifyMail, readMail } from '../../../providers/email/incoming/index.ts';

const read = (text: string) => readMail(Buffer.from(text, 'latin1'));
const classOf = async (text: string) => classifyMail(await read(text), { now: 0 }).class;

test('thirty megabytes of attachment are not kept, and what was written is read', async () => {
  const head =
    'From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n' +
    '--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n';
  const large = Buffer.concat([
    Buffer.from(head),
    Buffer.alloc(30_000_000, 'QUJD'),
    Buffer.from('\r\n--b--\r\n'),
  ]);
  const before = process.memoryUsage().rss;
  for (let round = 0; round < 5; round++) expect((await readMail(large)).text.trim()).toBe('Hello');
  expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
});

/** A message whose picture of `size` bytes stands before what was written. */
const behind = (size: number, text = 'Yes, call me on Tuesday.') =>
  Buffer.concat([
    Buffer.from(
      'From: Ada <ada@lead.example>\r\nSubject: Re: Hello\r\nIn-Reply-To: <t@acme.example>\r\nContent-Type: multipart/mixed;\r\n boundary="outer"\r\n\r\n--outer\r\n' +
        'Content-Type: image/jpeg; name=photo.jpg\r\nContent-Transfer-Encoding: base64\r\n\r\n',
    ),
    Buffer.alloc(size, `${'QUJD'.repeat(19)}\r\n`),
    Buffer.from(
      `\r\n--outer\r\nContent-Type: multipart/alternative; boundary=inner\r\n\r\n--inner\r\nContent-Type: text/plain\r\n\r\n${text}\r\n--inner--\r\n--outer--\r\n`,
    ),
  ]);

test('what was written behind a large attachment is read, up to forty megabytes of it, in little memory', async () => {
  const large = behind(30_000_000);
  const before = process.memoryUsage().rss;
  for (let round = 0; round < 5; round++) expect((await readMail(large)).text).toContain('Yes, call me');
  expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
  expect((await readMail(behind(41 * 1024 * 1024))).text).not.toContain('Yes, call me');
});

test('the same is found however the pieces are cut, and as a stream', async () => {
  const whole = behind(2_200_000);
  async function* inPieces(size: number) {
    for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size);
  }
  const read = await readMail(whole);
  expect(read.text).toContain('Yes, call me');
  expect(read.parts).toEqual(['image/jpeg']);
  for (const size of [997, 65_536, 1_000_003]) expect(await readMail(inPieces(size))).toEqual(read);
});

test('a report about a large message is read though our message comes along', async () => {
  const report = Buffer.concat([
    Buffer.from(
      'From: MAILER-DAEMON@mx.example\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n' +
        'Message-ID: <t@acme.example>\r\nTo: ada@lead.example\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n',
    ),
    Buffer.alloc(5_000_000, `${'QUJD'.repeat(19)}\r\n`),
    Buffer.from(
      '\r\n--c--\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; ada@lead.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n',
    ),
  ]);
  const mail = await readMail(report);
  expect(mail.original).toMatchObject({ messageId: '<t@acme.example>' });
  expect(classifyMail(mail, { now: 0 })).toMatchObject({ class: 'bounce', bounce: { status: '5.1.1' } });
});

test('a hundred nested parts, unknown character sets, lone carriage returns and endless headers are read as far as they go', async () => {
  const parts = Array.from(
    { length: 100 },
    (_, n) => `--b${n}\r\nContent-Type: multipart/mixed; boundary=b${n + 1}\r\n\r\n`,
  );
  const nested = `From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b0\r\n\r\n${parts.join('')}`;
  expect((await read(nested)).from).toBe('a@b.example');
  expect(
    await classOf('From: =?x-none?Q?=FF?= <a@b.example>\nContent-Type: text/plain; charset=x-none\n\n\xff'),
  ).toBe('human');
  expect(await classOf('From: a@b.example\r\rHello')).toBe('human');
  expect(await classOf(`A: ${'x'.repeat(3_000_000)}`)).toBe('other');
  expect(await classOf('')).toBe('other');
  expect(await classOf('\0\0\0')).toBe('other');
});

test('a report that is cut off still says whom it is about', async () => {
  const cut = await read(
    'From: MAILER-DAEMON@mx.example\r\nSubject: Undelivered\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n' +
      '--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; ada@lead.example\r\nAction: failed\r\nStatus: 5.1.1',
  );
  expect(classifyMail(cut, { now: 0 })).toMatchObject({
    class: 'bounce',
    bounce: { kind: 'hard', recipient: 'ada@lead.example' },
  });
});

test('of several recipients the one that failed counts', async () => {
  const block = (to: string, action: string, status: string) =>
    `Final-Recipient: rfc822; ${to}\r\nAction: ${action}\r\nStatus: ${status}\r\n\r\n`;
  const mail = await read(
    'From: MAILER-DAEMON@mx.example\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n' +
      `Reporting-MTA: dns; mx.example\r\n\r\n${block('bo@lead.example', 'delivered', '2.0.0')}${block('ada@lead.example', 'failed', '5.2.2')}--b--\r\n`,
  );
  expect(classifyMail(mail, { now: 0 }).bounce).toMatchObject({
    kind: 'mailbox_full',
    status: '5.2.2',
    recipient: 'ada@lead.example',
  });
});

test.each([
  '{"notificationType"',
  '{',
  ' ',
  'on ',
  'user ',
  'march 9 ',
  '2026-03-10 10:10 ',
  'I am away until ',
])('a hundred kilobytes of %p take no time', async (piece) => {
  const text = piece.repeat(Math.ceil(100_000 / piece.length));
  const before = performance.now();
  for (const from of ['no-reply@sns.amazonaws.com', 'MAILER-DAEMON@mx.example', 'ada@lead.example'])
    await classOf(`From: ${from}\r\nSubject: Automatic reply: Hello\r\n\r\n${text}`);
  expect(performance.now() - before).toBeLessThan(3000);
});

test('whatever bytes arrive, nothing is thrown', async () => {
  let seed = 1;
  const next = () => (seed = (seed * 48_271) % 2_147_483_647);
  for (let round = 0; round < 200; round++) {
    const noise = Buffer.from(Array.from({ length: 400 }, () => next() % 256));
    const mail = await readMail(
      Buffer.concat([
        Buffer.from('Content-Type: multipart/report; boundary=b\r\nFrom: x\r\n\r\n--b\r\n'),
        noise,
      ]),
    );
    expect(typeof classifyMail(mail, { now: 0 }).class).toBe('string');
  }
});

const answering = (subject: string, body: string, head = '') =>
  classOf(
    `From: Ada <ada@lead.example>\r\n${head}In-Reply-To: <t@acme.example>\r\nSubject: ${subject}\r\nContent-Type: text/plain; charset=latin1\r\n\r\n${body}`,
  );

test.each([
  ['Re: Out of office cover', 'I am away on Friday, but Tuesday works.', ''],
  ['AW: Urlaubsplanung', 'Im Urlaub gibt es bei uns immer Chaos. Rufen Sie an.', ''],
  ['Re: rejected invoices', 'These were rejected, see below.', 'Return-Path: <>\r\n'],
  ['Re: Hello', 'Sent by way of our list: yes, let us talk.', 'List-Id: <all.lead.example>\r\n'],
  ['Re: Hello', 'The report was automatically generated last year; can you do better?', ''],
  ['Re: Hello', 'Yes, on Monday.', 'X-MS-Exchange-Inbox-Rules-Loop: ada@lead.example\r\n'],
  ['Re: Hello', 'Please stop sending PDFs, send Word instead.', ''],
  ['Re: Hello', 'With you there would be no more emails lost, I hope?', ''],
  ['Re: Hello', 'Please remove us from the enterprise plan, the small one will do.', ''],
  ['Re: Unsubscribe rate in your report', 'How did you get to that number?', ''],
])(
  'a person who answers is not taken for a machine, nor for somebody who opts out: %s, %s',
  async (subject, body, head) => {
    expect(await answering(subject, body, head)).toBe('human');
  },
);

test('people with unlucky names and posts are people', async () => {
  for (const from of [
    'Bounce Media <hello@bounce-media.example>',
    'delivery@lead.example',
    'postmaster@lead.example',
  ])
    expect(
      await classOf(
        `From: ${from}\r\nIn-Reply-To: <t@acme.example>\r\nSubject: Re: Hello\r\n\r\nGood idea, call me.`,
      ),
    ).toBe('human');
});

test('a feedback report that says "not spam", or reports on authentication, is no complaint', async () => {
  for (const [type, wanted] of [
    ['abuse', 'complaint'],
    ['not-spam', 'other'],
    ['auth-failure', 'other'],
  ] as const)
    expect(
      await classOf(
        `From: fbl@x.example\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: ${type}\r\n--b--\r\n`,
      ),
    ).toBe(wanted);
});

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

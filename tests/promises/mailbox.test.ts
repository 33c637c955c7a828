/** Promise 3 from the mailbox on: what a lead answers by email counts, whoever is away at that moment. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { addSenders, launch } from './world.ts';

jest.setTimeout(180_000);

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack({
    timeLapse: { startAt: new Date('2026-03-09T07:00:00Z'), msPerDay: 4000 },
    worker: false,
    crm: false,
  });
  await addSenders(stack, 'email', [{}]);
  await addSenders(stack, 'sms', [{}]);
});
afterAll(() => stack?.stop());

const LEADS = 20;

/** As the lead's mail program answers the last mail. */
function answer(to: string): void {
  const mail = stack.sandbox.received().findLast((one) => one.to === to)!;
  stack.sandbox.mailTo(
    mail.from,
    `From: <${to}>\r\nTo: <${mail.from}>\r\nSubject: Re: ${mail.subject}\r\nMessage-ID: <re-${to}>\r\nIn-Reply-To: ${mail.headers!['message-id']}\r\n\r\nNo, thank you.\r\n`,
  );
}

const stopped = async (emails: readonly string[]) =>
  (
    await stack.db.query(
      `select from enrollments e join leads l on l.id = e.lead_id where l.emails && $1 and e.status = 'stopped' and e.reason = 'replied'`,
      [emails],
    )
  ).rowCount;

test('promise 3: an answer that reaches the mailbox while the worker is dead is read before anything leaves, on any channel', async () => {
  const first = await stack.startWorkerProcess();
  const { leads } = await launch(
    stack,
    `
name: mails
steps:
  - { id: mail, email: { subject: Hello, body: "Shall we talk?" } }
  - wait: 1 day
  - { id: text, sms: { text: "Did you see my mail?" } }
  - wait: 2 days
  - { id: again, email: { subject: Hello again, body: "Last one." } }
`,
    { leads: LEADS },
  );
  const sent = () => stack.sandbox.received();
  await stack.until(async () => sent().length >= LEADS, 'everybody has the first mail', 60_000);
  // One who answers while all is well.
  const [prompt, ...others] = leads.map(({ email }) => email!);
  answer(prompt!);
  await stack.until(async () => (await stopped([prompt!])) === 1, 'the prompt answer has stopped its lead');
  await first.kill();
  const answering = others.slice(0, 9);
  const before = sent().length;
  for (const email of answering) answer(email);
  stack.sandbox.control({ imapDown: true });
  // Until what the dead worker last knew of the mailbox counts no longer.
  await stack.until(
    async () => (await stack.db.query('select from mailboxes where live_until < clock_timestamp()')).rowCount,
    'the lease ran out',
  );
  const second = await stack.startWorkerProcess();
  // Everybody is due, and nobody is written to.
  await stack.until(
    async () =>
      (await stack.db.query(`select from enrollments where reason = 'mailbox_not_read:Sender 0'`))
        .rowCount === others.length,
    'all wait for the mailbox',
    40_000,
  );
  expect(sent()).toHaveLength(before);
  stack.sandbox.control({ imapDown: false });
  await stack.until(
    async () => (await stopped(answering)) === answering.length,
    'all answers counted',
    60_000,
  );
  await stack.until(async () => sent().length >= before + 10, 'the others go on', 60_000);
  await second.stop();
  const after = sent().slice(before);
  const phones = (
    await stack.db.query<{ phone: string }>('select unnest(phones) as phone from leads where emails && $1', [
      [prompt, ...answering],
    ])
  ).rows.map(({ phone }) => phone);
  expect(after.filter(({ to }) => to === prompt || answering.includes(to) || phones.includes(to))).toEqual(
    [],
  );
});

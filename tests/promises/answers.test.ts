/** Promise 3 from the provider's webhook on: what a lead answers counts, whoever is away at that moment. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import axios from 'axios';
import twilio from 'twilio';
import { wallNow } from '../../common/clock.ts';
import { createHttp } from '../../worker/http.ts';
import { freePort } from '../../worker/local/ports.ts';
import { openServices, type Services } from '../../worker/services.ts';
import { startTestStack, type TestStack, type WorkerProcess } from '../support/stack.ts';
import { addSenders, everybodyEnded, launch, standing, stepsByLead } from './world.ts';

jest.setTimeout(600_000);

/** How fast it is, is measured; waiting for what is measured gives a busy machine time. */
const PATIENCE_MS = 120_000;

let stack: TestStack;
let worker: WorkerProcess;
/** The HTTP server's own process would know this much: the database, and a Temporal server that does not answer. */
let away: Services;
let http: Awaited<ReturnType<typeof createHttp>>;
let senderId: string;

beforeAll(async () => {
  const port = await freePort();
  stack = await startTestStack({
    timeLapse: { startAt: new Date('2026-03-09T07:00:00Z'), msPerDay: 3000 },
    env: { CADENZA_HTTP_PORT: String(port), CADENZA_PUBLIC_URL: `http://127.0.0.1:${port}` },
    worker: false,
    crm: false,
  });
  worker = await stack.startWorkerProcess();
  // Nobody reads this one's mailbox: what is tested is that nothing follows without that.
  const { imap: _, ...settings } = stack.sandbox.senderSettings('email').settings;
  await addSenders(stack, 'email', [{ settings }]);
  [senderId] = (await addSenders(stack, 'sms', [{}])) as [string];
  const { temporal } = stack.config;
  away = await openServices(
    { ...stack.config, temporal: { ...temporal, address: `127.0.0.1:${await freePort()}` } },
    { name: 'cadenza-test-http', log: stack.services.log },
  );
  http = await createHttp(away);
});
afterAll(async () => {
  await http?.close();
  await away?.close();
  await stack?.stop();
});

/** As Twilio delivers what somebody wrote. */
async function answer(
  phone: string,
  text: string,
  sid = `SM${randomUUID().replaceAll('-', '')}`,
): Promise<void> {
  const { accountSid, authToken } = stack.sandbox.senderSettings('sms').credentials;
  const url = `${http.url}/hooks/twilio/${senderId}/messages`;
  const form = { MessageSid: sid, AccountSid: accountSid!, From: phone, Body: text };
  const { status } = await axios.post(url, new URLSearchParams(form), {
    headers: { 'x-twilio-signature': twilio.getExpectedTwilioSignature(authToken!, url, form) },
    proxy: false,
  });
  expect(status).toBe(200);
}

const phoneOf = (index: number) => `+4915120${String(100_000 + index)}`;

test('promise 3: an answer by SMS stops every channel while the worker is dead and Temporal does not answer, and nothing follows', async () => {
  const launched = await launch(
    stack,
    `
name: answers
steps:
  - { id: text, sms: { text: "Shall we talk?" } }
  - wait: 2 days
  - { id: mail, email: { subject: Hello, body: "Shall we talk?" } }
  - wait: 2 days
  - { id: again, sms: { text: "Last one." } }
`,
    { leads: 8 },
  );
  // What a dead worker leaves half sent holds the fast clock until its lease is over; that is never-twice's to test.
  const sentTexts = () => stack.db.query(`select from touches where state = 'sent'`);
  await stack.until(
    async () => (await sentTexts()).rowCount === 8,
    'everybody has the first text',
    PATIENCE_MS,
  );
  await worker.kill();
  const answering = launched.leads.slice(0, 4);
  // Ten deliveries of one message are one answer; a STOP is one too.
  await Promise.all(Array.from({ length: 10 }, () => answer(phoneOf(0), 'Who are you?', 'SM0')));
  await answer(phoneOf(1), 'Not now, thanks');
  await answer(phoneOf(2), 'STOP');
  await answer(phoneOf(3), 'Yes!');
  const stopped = () =>
    stack.db.query<{ reason: string }>(
      `select reason from enrollments where status = 'stopped' and lead_id = any($1::uuid[]) order by reason`,
      [answering.map(({ id }) => id)],
    );
  await stack.until(
    async () => (await stopped()).rowCount === 4,
    'all four are stopped in the database',
    PATIENCE_MS,
  );
  expect((await stopped()).rows.map(({ reason }) => reason)).toEqual([
    'replied',
    'replied',
    'replied',
    'unsubscribed',
  ]);
  const sent = await stepsByLead(stack);

  worker = await stack.startWorkerProcess();
  await everybodyEnded(stack, launched, 120_000);
  const steps = await stepsByLead(stack);
  for (const { id } of answering) expect(steps.get(id)).toEqual(sent.get(id));
  const others = launched.leads.slice(4);
  expect(others.map(({ id }) => steps.get(id)?.join())).toEqual(others.map(() => 'text,mail,again'));
  const { rows } = await stack.db.query(`select count(*)::int as n from lead_events where type = 'replied'`);
  expect(rows).toEqual([{ n: 3 }]);
});

test('promise 3: with a thousand leads under way, an answer by SMS or email has stopped its lead within a second, at the 99th percentile', async () => {
  const LEADS = 1000;
  const ANSWERS = 300;
  const MAILS = 100;
  const launched = await launch(
    stack,
    `
name: thousand
steps:
  - wait: 90 days
  - { id: text, sms: { text: "Shall we talk?" } }
`,
    { leads: LEADS, each: (index) => ({ phone: phoneOf(1000 + index) }) },
  );
  await stack.until(
    async () => ((await standing(stack, launched))['pending waits_for_capacity'] ?? 0) === 0,
    'everybody is under way',
    PATIENCE_MS,
  );
  for (let index = 0; index < ANSWERS; index += 3) {
    await Promise.all(
      Array.from({ length: 3 }, (_, next) => answer(phoneOf(1000 + index + next), 'Who is this?')),
    );
    await sleep(50);
  }
  const took = await latencies(
    launched.leads.slice(0, ANSWERS),
    'extract(epoch from i.done_wall - i.received_wall)::float8 * 1000',
  );
  expect(p99(took, 'answers by SMS')).toBeLessThan(1000);

  // The same by email, from when the message lies in the mailbox.
  const [mailSenderId] = await addSenders(stack, 'email', [{ address: 'read@acme.test' }]);
  const writing = launched.leads.slice(ANSWERS, ANSWERS + MAILS);
  const { rows: touches } = await stack.db.query<{ id: string; leadId: string; email: string }>(
    `insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, sender_id, state, slot_at, local_day, sending_at, at,
       recipient, message_id)
     select e.id, e.lead_id, 'mail', 1, 1, 'email', 'email', $2, 'sent', business_now(), business_now()::date, business_now(), business_now(),
       l.emails[1], '<' || e.id || '@acme.test>'
     from enrollments e join leads l on l.id = e.lead_id where e.lead_id = any($1::uuid[])
     returning enrollment_id as id, lead_id as "leadId", recipient as email`,
    [writing.map(({ id }) => id), mailSenderId],
  );
  await stack.until(
    async () => (await stack.db.query('select from mailboxes where live_until > clock_timestamp()')).rowCount,
    'the mailbox is read',
    PATIENCE_MS,
  );
  const arrivedAt = new Map<string, number>();
  for (const { id, leadId, email } of touches) {
    arrivedAt.set(leadId, wallNow());
    stack.sandbox.mailTo(
      'read@acme.test',
      `From: <${email}>\r\nSubject: Re: Hello\r\nMessage-ID: <re-${id}@lead.test>\r\nIn-Reply-To: <${id}@acme.test>\r\n\r\nTell me more.\r\n`,
    );
    // More than a mailbox ever gets, and less than two processors choke on.
    await sleep(100);
  }
  const ended = await latencies(writing, 'extract(epoch from i.done_wall)::float8 * 1000');
  expect(
    p99(
      ended.map(({ ms, leadId }) => ({ ms: ms - arrivedAt.get(leadId)!, leadId })),
      'answers by email',
    ),
  ).toBeLessThan(1000);
});

/** How long (ms) it took for each of these leads, once all of them are stopped. */
function latencies(leads: readonly { readonly id: string }[], what: string) {
  return stack.until(
    async () => {
      const { rows } = await stack.db.query<{ ms: number; leadId: string }>(
        `select ${what} as ms, i.lead_id as "leadId" from inbound i
       join enrollments e on e.lead_id = i.lead_id and e.status = 'stopped' where i.lead_id = any($1::uuid[])`,
        [leads.map(({ id }) => id)],
      );
      return rows.length === leads.length ? rows : null;
    },
    'everybody who answered is stopped',
    PATIENCE_MS,
  );
}

function p99(took: readonly { readonly ms: number }[], what: string): number {
  const sorted = took.map(({ ms }) => ms).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1]!;
  process.stderr.write(
    `${what}: median ${at(0.5).toFixed(0)} ms, p99 ${at(0.99).toFixed(0)} ms, worst ${at(1).toFixed(0)} ms\n`,
  );
  return at(0.99);
}

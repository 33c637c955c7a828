import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import axios from 'axios';
import { enroll } from '../../db/launches.ts';
import { createHttp } from '../../worker/http.ts';
import { freePort } from '../../worker/local/ports.ts';
import { makeLaunch } from '../support/factories.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { addSenders, everybodyEnded, launch, stepsByLead } from './world.ts';

jest.setTimeout(180_000);

let stack: TestStack;
let http: Awaited<ReturnType<typeof createHttp>>;

beforeAll(async () => {
  const port = await freePort();
  stack = await startTestStack({
    timeLapse: { startAt: new Date('2026-03-09T07:00:00Z'), msPerDay: 1000 },
    env: { CADENZA_HTTP_PORT: String(port), CADENZA_PUBLIC_URL: `http://127.0.0.1:${port}` },
  });
  http = await createHttp(stack.services);
});
afterAll(async () => {
  await http.close();
  await stack.stop();
});

test('promise 3: a mail client finds the one-click header, looking changes nothing, and one POST unsubscribes the lead for good', async () => {
  const { db, sandbox, services } = stack;
  await addSenders(stack, 'email', [{}]);
  await addSenders(stack, 'sms', [{}]);
  const launched = await launch(
    stack,
    `
name: unsubscribe
steps:
  - id: first
    email: { subject: Hello, body: "Are you there?" }
  - wait: 5 days
  - id: second
    email: { subject: "Hello again", body: "Are you there?" }
  - wait: 5 days
  - id: text
    sms: { text: "Last one." }
`,
    { leads: 6 },
  );
  const mails = await stack.until(async () => {
    const received = sandbox.received();
    return received.length >= 6 ? received : null;
  }, 'everybody has the first mail');
  const [lead, ...others] = launched.leads;
  const mail = mails.find(({ to }) => to === lead!.email)!;

  // RFC 8058: both headers, and a URL that a POST of just this body acts on.
  const url = /<(https?:[^>]+)>/.exec(mail.headers?.['list-unsubscribe'] ?? '')?.[1];
  expect(mail.headers?.['list-unsubscribe-post']).toBe('List-Unsubscribe=One-Click');
  expect(url).toMatch(new RegExp(`^${http.url}/u/`));
  const page = await axios.get<string>(url!, { proxy: false });
  expect(page.status).toBe(200);
  expect(page.data).toMatch(/<form[^>]+method="?post/i);
  const suppressed = async () => (await db.query('select from suppressions')).rowCount!;
  expect(await suppressed()).toBe(0);

  const answer = await axios.post(url!, new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }), {
    proxy: false,
    maxRedirects: 0,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  expect(answer.status).toBe(200);
  const sent = (await stepsByLead(stack)).get(lead!.id);
  // Clients ask again; the second time changes nothing.
  await axios.post(url!, 'List-Unsubscribe=One-Click', { proxy: false });

  await everybodyEnded(stack, launched, 90_000);
  const steps = await stepsByLead(stack);
  expect(steps.get(lead!.id)).toEqual(sent);
  expect(sent).not.toContain('text');
  expect(others.map(({ id }) => steps.get(id))).toEqual(others.map(() => ['first', 'second', 'text']));
  const { rows } = await db.query('select status, reason from enrollments where lead_id = $1', [lead!.id]);
  expect(rows).toEqual([{ status: 'stopped', reason: 'unsubscribed' }]);
  await stack.until(
    async () => sandbox.callbacks().filter(({ type }) => type === 'lead.unsubscribed').length === 1,
    'the CRM is told, once',
  );
  // Nor by another launch.
  const { id: again } = await makeLaunch(db, { versionId: launched.versionId });
  const report = await enroll(db, again, [lead!.id], { hashIdentity: services.hashIdentity });
  expect(report).toMatchObject({ enrolled: 0, excluded: { suppressed: 1 } });
  // A token that was tampered with is nobody's.
  const refused = await axios.post(`${url!.slice(0, -2)}xx`, '', { proxy: false, validateStatus: null });
  expect(refused.status).toBe(404);
});

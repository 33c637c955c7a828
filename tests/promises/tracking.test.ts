import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import axios from 'axios';
import { createHttp } from '../../worker/http.ts';
import { freePort } from '../../worker/local/ports.ts';
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

test('a link in a mail that was received leads on, and its lead takes the branch for who follows it', async () => {
  const { db, sandbox } = stack;
  await addSenders(stack, 'email', [{}]);
  await addSenders(stack, 'sms', [{}]);
  const launched = await launch(
    stack,
    `
name: tracked
tracking: { opens: true, clicks: true }
steps:
  - id: offer
    email: { subject: Hello, body: "Have a [look](https://offer.test/tour?a=1&b=2)." }
  - wait_for: { event: clicked, within: 21 days }
    then:
      - id: followed
        sms: { text: "Did you like it?" }
    else:
      - id: quiet
        sms: { text: "Did you see it?" }
`,
    { leads: 3 },
  );
  const mails = await stack.until(async () => {
    const received = sandbox.received();
    return received.length >= 3 ? received : null;
  }, 'everybody has the mail');
  // Nobody reads it the moment it is sent.
  await stack.until(async () => {
    const { rows } = await db.query(
      `select from touches having min(at) is not null and max(at) + interval '1 hour' < business_now()`,
    );
    return rows.length > 0;
  }, 'an hour has passed');
  const [person, scanned, nobody] = launched.leads;
  const link = (email: string | null) => {
    const html = mails.find(({ to }) => to === email)!.html ?? '';
    return /href="([^"]+\/t\/c\/[^"]+)"/.exec(html)![1]!;
  };
  const get = (url: string, agent: string) =>
    axios.get(url, { proxy: false, maxRedirects: 0, validateStatus: null, headers: { 'user-agent': agent } });
  const browser = 'Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0';
  expect(link(person!.email)).toMatch(new RegExp(`^${http.url}/t/c/`));
  const answer = await get(link(person!.email), browser);
  expect([answer.status, answer.headers.location]).toEqual([302, 'https://offer.test/tour?a=1&b=2']);
  expect((await get(link(scanned!.email), 'Barracuda Sentinel (EE)')).status).toBe(302);

  await everybodyEnded(stack, launched, 90_000);
  const steps = await stepsByLead(stack);
  expect([person, scanned, nobody].map((lead) => steps.get(lead!.id))).toEqual([
    ['offer', 'followed'],
    ['offer', 'quiet'],
    ['offer', 'quiet'],
  ]);
  await stack.until(
    async () => sandbox.callbacks().filter(({ type }) => type === 'lead.clicked').length === 1,
    'the CRM is told, once',
  );
});

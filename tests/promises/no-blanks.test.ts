import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { retry } from '../../db/commands.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { addSenders, everybodyEnded, launch, standing, stepsByLead } from './world.ts';

jest.setTimeout(120_000);

let stack: TestStack;

beforeAll(async () => {
  stack = await startTestStack();
});
afterAll(() => stack.stop());

test('promise 7: a missing variable holds the lead, nothing goes out as a blank, and the lead goes on once it is filled in', async () => {
  const { db, services, sandbox } = stack;
  await addSenders(stack, 'email', [{}]);
  const launched = await launch(
    stack,
    `
name: no-blanks
steps:
  - id: first
    email: { subject: "For {{ lead.company }}", body: "Hello {{ lead.first_name | default: 'there' }}" }
  - id: second
    email: { subject: "Your {{ lead.attributes.plan }} plan", body: "How is it?" }
`,
    {
      leads: 3,
      always: true,
      each: (index) => (index === 0 ? { firstName: null } : { attributes: { plan: 'gold' } }),
      before: ({ leads }) =>
        db.query(`update leads set company_name = 'Acme' where id = any($1::uuid[])`, [
          [leads[0]!.id, leads[1]!.id],
        ]),
    },
  );
  const [noPlan, well, noCompany] = launched.leads;
  const held = async () =>
    (await db.query(`select lead_id, reason from enrollments where held order by reason`)).rows;
  await stack.until(
    async () => (await held()).length === 2 && sandbox.received().length === 3,
    'two are held',
  );
  expect(await held()).toEqual([
    { lead_id: noPlan!.id, reason: expect.stringContaining('plan') },
    { lead_id: noCompany!.id, reason: expect.stringContaining('company') },
  ]);
  expect((await stepsByLead(stack)).get(well!.id)).toEqual(['first', 'second']);
  await stack.until(
    async () => sandbox.callbacks().filter(({ type }) => type === 'enrollment.held').length === 2,
    'the CRM is told',
  );

  // Trying again while it is still missing changes nothing.
  const again = async (leadId: string) => {
    const { rows } = await db.query<{ id: string }>('select id from enrollments where lead_id = $1', [
      leadId,
    ]);
    const { wake } = await retry(db, rows[0]!.id);
    await (await services.waker()).enrollments(wake);
  };
  await again(noPlan!.id);
  await stack.until(async () => (await held()).length === 2, 'it is held again');
  expect(sandbox.received()).toHaveLength(3);

  await db.query(`update leads set attributes = '{"plan": "silver"}' where id = $1`, [noPlan!.id]);
  await db.query(`update leads set company_name = 'Umbrella' where id = $1`, [noCompany!.id]);
  await again(noPlan!.id);
  await again(noCompany!.id);
  await everybodyEnded(stack, launched, 60_000);
  expect(await standing(stack, launched)).toEqual({ 'finished completed': 3 });
  const subjects = (email: string | null) =>
    sandbox.received().flatMap(({ to, subject }) => (to === email ? [subject] : []));
  expect(subjects(noPlan!.email)).toEqual(['For Acme', 'Your silver plan']);
  expect(subjects(noCompany!.email)).toEqual(['For Umbrella', 'Your gold plan']);
  expect(subjects(well!.email)).toEqual(['For Acme', 'Your gold plan']);
});

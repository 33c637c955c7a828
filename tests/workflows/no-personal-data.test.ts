import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { readSequenceFiles } from '../../api/operations/read-sequence-files.ts';
import type { Provider } from '../../providers/ports.ts';
import type { LeadFields } from '../../sequences/leads/row.ts';
import { crmWorkflowId, launchWorkflowId } from '../../workflows/messages.ts';
import type { TestStack } from '../support/stack.ts';
import { addSenders, begin, startRealRun } from './support/real-run.ts';

jest.setTimeout(200_000);

/** Whatever a lead can have, in words that appear nowhere else. Countries and languages are too short to tell anything. */
function person(name: string, number: string): Partial<LeadFields> {
  return {
    externalId: `crm-${name}-xq77`,
    firstName: `${name}bert`,
    lastName: `Von${name}hausen`,
    title: `Chief ${name} Wrangler`,
    company: `${name} Kombinat`,
    companyId: `company-${name}`,
    companyDomain: `${name}-kombinat.test`,
    emails: [`${name}@${name}-kombinat.test`, `second.${name}@else.test`],
    phones: [number],
    linkedinUrl: `https://www.linkedin.com/in/${name}-in`,
    country: 'NZ',
    locale: 'mi-NZ',
    timeZone: 'Pacific/Chatham',
    persona: `${name}-persona`,
    owner: `${name}-owner`,
    consent: { status: 'given', source: `${name}-form`, at: '2026-01-07T11:13:17.000Z' },
    attributes: { [`${name}_pet`]: `${name} the cat`, budget: 918_273_645 },
  };
}

const PEOPLE: readonly Partial<LeadFields>[] = [
  person('zebulonia', '+6433769911'),
  { ...person('rejectina', '+6433769912'), preferredChannel: 'sms' },
  person('exceptionella', '+6433769913'),
  person('triggerlinde', '+6433769914'),
];

/** Every text in a lead's fields, however deep. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return value.length > 5 ? [value] : [];
  if (typeof value === 'number') return [String(value)];
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    ...textsOf(inner),
    ...(key.includes('_pet') ? [key] : []),
  ]);
}

const NEEDLES = PEOPLE.flatMap((lead) => [...textsOf(lead), ...(lead.phones ?? []).map((phone) => phone.slice(1))])
  .filter((text) => text !== 'given')
  .map((text) => text.toLowerCase()); // prettier-ignore

let stack: TestStack;

/** An adapter that breaks where nobody expects it, with the address in its words. */
const breaking: Provider = {
  id: 'linkedin/unipile',
  mode: 'wire',
  send: async (_sender, { to }) => {
    if (to.includes('exceptionella')) throw new Error(`cannot read properties of ${to}`);
    return { kind: 'sent', providerId: null };
  },
  find: async (_sender, { to }) => {
    throw new Error(`who is ${to}`);
  },
  check: async () => [],
  close: async () => {},
};

beforeAll(async () => {
  stack = await startRealRun(Date.parse('2026-03-09T20:30:00Z'), {
    worker: { replace: [breaking], times: { leaseMs: 2000, sendTimeoutMs: 1500 } },
    behaviour: {
      rules: [
        { match: '^rejectina', do: 'reject', status: 554, message: 'refused: <rejectina@rejectina-kombinat.test> Rejectinabert' },
        { match: '9912$', do: 'reject', message: 'The number +6433769912 is not a mobile number' },
      ],
    },
  }); // prettier-ignore
  const { db } = stack;
  await addSenders(stack);
  // A database error that quotes the lead, for the first attempts; a sequence is not rolled back.
  await db.query(`create sequence quoted`);
  await db.query(`create function quote() returns trigger language plpgsql as $$ begin
    if new.recipient like '%triggerlinde%' and nextval('quoted') <= 3 then raise exception 'row of % refused', new.recipient; end if;
    return new; end $$`);
  await db.query(`create trigger quoting before update on touches for each row execute function quote()`);
});
afterAll(() => stack?.stop());

/** Every text that Temporal keeps of this stack's workflows, in lower case; binary data decoded, base64 within texts too. */
async function everythingKept({ client, config }: TestStack): Promise<{ texts: string[]; types: string[] }> {
  const texts: string[] = [];
  const types = new Set<string>();
  const keep = (text: string) => {
    texts.push(text.toLowerCase());
    for (const [encoded] of text.matchAll(/[A-Za-z0-9+/_-]{8,}={0,2}/g)) {
      texts.push(Buffer.from(encoded, 'base64').toString('utf8').toLowerCase());
    }
  };
  const collect = (value: unknown) => {
    if (typeof value === 'string') keep(value);
    else if (value instanceof Uint8Array) keep(Buffer.from(value).toString('utf8'));
    else if (value !== null && typeof value === 'object') for (const [key, inner] of Object.entries(value)) {
      keep(key);
      collect(inner);
    }
  }; // prettier-ignore
  for await (const { workflowId, runId, type, raw } of client.workflow.list({
    query: `TaskQueue = '${config.taskQueue}'`,
  })) {
    types.add(type);
    collect(raw);
    const handle = client.workflow.getHandle(workflowId, runId);
    collect((await handle.describe()).raw);
    collect(await handle.fetchHistory());
  }
  return { texts, types: [...types].sort() };
}

function found(texts: readonly string[]): string[] {
  return NEEDLES.filter((needle) => texts.some((text) => text.includes(needle)));
}

test('promise 8: nothing of a lead is in Temporal, also after errors that quote the address', async () => {
  const { db, until } = stack;
  const { main, all } = readSequenceFiles('sequences/library/classic.yaml');
  const others = [...all.values()].filter((one) => one !== main);
  const [played] = await begin(stack, [{ sequence: main, others, leads: PEOPLE }]);
  await until(async () => (await db.query(`select 1 from enrollments where status = 'running' and next_at is not null
    or status = 'pending' limit 1`)).rowCount === 0, 'nobody moves', 120_000); // prettier-ignore

  // It was quoted indeed: by the refusal, the unexpected error, and the database.
  const { rows } = await db.query<{ state: string; detail: string | null }>('select state, detail from touches');
  expect(rows.some(({ detail }) => detail?.includes('rejectina@'))).toBe(true);
  expect(rows.some(({ state }) => state === 'unconfirmed')).toBe(true);
  expect((await db.query<{ calls: number }>('select last_value::int as calls from quoted')).rows[0]!.calls).toBeGreaterThan(3);

  const kept = await everythingKept(stack);
  expect(kept.types).toEqual(['crmDelivery', 'enrollment', 'launch', 'mailbox']);
  expect(kept.texts.some((text) => text.includes('hello'))).toBe(true);
  expect(found(kept.texts)).toEqual([]);

  // The search finds what is there: planted in a memo, an input, and twice encoded in a signal.
  const [one, two] = PEOPLE;
  const encoded = Buffer.from(two!.emails![0]!).toString('base64');
  await stack.client.workflow.start('launch', {
    workflowId: launchWorkflowId('planted'),
    taskQueue: stack.config.taskQueue,
    args: [{ launchId: one!.lastName }],
    memo: { note: one!.phones![0] },
  });
  const { rows: endpoints } = await db.query<{ id: string }>('select id from endpoints limit 1');
  await stack.client.workflow.getHandle(crmWorkflowId(endpoints[0]!.id)).signal('wake', `note ${encoded}`);
  expect(found((await everythingKept(stack)).texts)).toEqual(
    expect.arrayContaining([one!.lastName!.toLowerCase(), one!.phones![0], two!.emails![0]]),
  );
  await stack.client.workflow.getHandle(launchWorkflowId('planted')).terminate();
  expect(played!.leads).toHaveLength(PEOPLE.length);
}); // prettier-ignore

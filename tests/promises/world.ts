/** What the tests of the promises on the whole stack share: senders on the sandbox, launches, and waiting for their ends. */
import { enroll } from '../../db/launches.ts';
import { addSender, type NewSender } from '../../db/senders.ts';
import { parseSequence } from '../../sequences/language/index.ts';
import type { CompiledSequence } from '../../sequences/plan.ts';
import { makeLaunch, makeLead, makeVersion, type LeadRow } from '../support/factories.ts';
import type { TestStack } from '../support/stack.ts';

/** So many senders of a channel on the sandbox. No cap, no gap and no jitter unless given. */
export async function addSenders(
  { db, services, sandbox }: TestStack,
  channel: 'email' | 'sms',
  options: readonly Partial<NewSender>[],
): Promise<string[]> {
  const ids: string[] = [];
  for (const [index, own] of options.entries()) {
    const address =
      channel === 'email' ? `sender-${index}@acme.test` : `+4930231250${String(index).padStart(2, '0')}`;
    const account = sandbox.senderSettings(channel);
    const sender = {
      channel,
      name: `Sender ${index}`,
      address,
      timeZone: 'Europe/Berlin',
      caps: {},
      minGapSeconds: 0,
      jitterSeconds: 0,
      ...account,
      // Sends that queue for a connection would come later than their sender waits.
      ...(channel === 'email' && { settings: { ...account.settings, maxConnections: 10 } }),
      ...own,
    };
    ids.push(await addSender(db, sender, services.secrets));
  }
  return ids;
}

export interface Launched {
  readonly launchId: string;
  readonly versionId: string;
  readonly leads: readonly LeadRow[];
}

/** Launches a definition (YAML) on leads of its own, with an address and a number each, and wakes the launch. */
export async function launch(
  stack: TestStack,
  source: string,
  options: {
    readonly leads: number;
    readonly timeZones?: readonly string[];
    /** The window is never closed, for tests in real time. */
    readonly always?: boolean;
    readonly each?: (index: number) => Parameters<typeof makeLead>[1];
    /** Done before anybody starts. */
    readonly before?: (launched: Launched) => Promise<unknown>;
  },
): Promise<Launched> {
  const { db, services } = stack;
  const compiled = parseSequence(source, 'promise.yaml');
  const { id: versionId } = await makeVersion(db, options.always ? neverClosed(compiled) : compiled);
  const { timeZones = ['Europe/Berlin'] } = options;
  const leads: LeadRow[] = [];
  for (let index = 0; index < options.leads; index++) {
    leads.push(
      await makeLead(db, {
        phone: `+4915120${String(100_000 + index)}`,
        timeZone: timeZones[index % timeZones.length]!,
        ...options.each?.(index),
      }),
    );
  }
  const { id: launchId } = await makeLaunch(db, { versionId });
  const ids = leads.map(({ id }) => id);
  await enroll(db, launchId, ids, { hashIdentity: services.hashIdentity });
  const launched = { launchId, versionId, leads };
  await options.before?.(launched);
  await (await services.waker()).launch(launchId);
  return launched;
}

function neverClosed(compiled: CompiledSequence): CompiledSequence {
  const window = { days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '24:00', timeZone: 'lead', holidays: [] };
  return { ...compiled, settings: { ...compiled.settings, window } };
}

/**
 * Waits until nobody of the launch is on the way any more; `except` are those who wait for a person. Gives up when nothing at all
 * happened for `silentMs`: on a machine that others use everything is slow, but nobody stands still.
 */
export async function everybodyEnded(
  stack: TestStack,
  launched: Launched,
  silentMs: number,
  except: readonly string[] = [],
): Promise<void> {
  let seen = '';
  let since = performance.now();
  const waiting = stack.until(
    async () => {
      const { rows } = await stack.db.query<{ n: number; moved: string }>(
        `select (count(*) filter (where status in ('pending', 'running') and reason <> all($2::text[])))::int as n,
           concat(sum(revision), ' ', (select count(*) from touches where state = 'sent')) as moved
         from enrollments where launch_id = $1`,
        [launched.launchId, except],
      );
      const { n, moved } = rows[0]!;
      if (moved !== seen) since = performance.now();
      seen = moved;
      if (performance.now() - since > silentMs)
        throw new Error(`nothing happened for ${silentMs / 1000} s, and not everybody has come to the end`);
      return n === 0;
    },
    'everybody has come to the end',
    Infinity,
  );
  await waiting.catch(async (error: Error) => {
    const { rows } = await stack.db.query<{ state: string; n: number }>(
      'select state, count(*)::int as n from touches group by state',
    );
    const touches = rows.map(({ state, n }) => `${n} ${state}`).join(', ');
    throw new Error(`${error.message}; ${JSON.stringify(await standing(stack, launched))}; ${touches}`);
  });
}

/** How many enrollments of the launch stand where, by status and reason. */
export async function standing({ db }: TestStack, { launchId }: Launched): Promise<Record<string, number>> {
  const { rows } = await db.query<{ where: string; n: number }>(
    `select status || ' ' || reason as where, count(*)::int as n from enrollments where launch_id = $1 group by 1`,
    [launchId],
  );
  return Object.fromEntries(rows.map((row) => [row.where, row.n]));
}

/** What appears more than once. */
export function repeated(values: readonly (string | null)[]): (string | null)[] {
  return values.filter((value, index) => values.indexOf(value) !== index);
}

export interface SentStep {
  readonly touchId: string;
  readonly leadId: string;
  readonly stepId: string;
}

/** The sandbox's own record, with the lead and step of each touch that it took. */
export async function receivedSteps({ db, sandbox }: TestStack): Promise<SentStep[]> {
  const ids = sandbox.received().map(({ touchId }) => touchId);
  const { rows } = await db.query<SentStep & Record<string, unknown>>(
    `select id as "touchId", lead_id as "leadId", step_id as "stepId" from touches where id = any($1::uuid[])`,
    [ids],
  );
  const known = new Map(rows.map((row) => [row.touchId, row]));
  return ids.map((id) => {
    const step = id === null ? undefined : known.get(id);
    if (!step) throw new Error(`the sandbox took something that no touch stands for: ${id}`);
    return step;
  });
}

/** Each lead's steps in the order in which the sandbox took them. */
export async function stepsByLead(stack: TestStack): Promise<Map<string, string[]>> {
  const steps = new Map<string, string[]>();
  for (const { leadId, stepId } of await receivedSteps(stack)) {
    steps.set(leadId, [...(steps.get(leadId) ?? []), stepId]);
  }
  return steps;
}

/** Random numbers from a seed, which is in the test's output and can be given again as CADENZA_TEST_SEED. */
export function seededRandom(test: string): { readonly seed: number; readonly next: () => number } {
  const given = process.env.CADENZA_TEST_SEED;
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  process.stderr.write(`${test}: CADENZA_TEST_SEED=${seed}\n`);
  let state = seed;
  return {
    seed,
    next() {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    },
  };
}

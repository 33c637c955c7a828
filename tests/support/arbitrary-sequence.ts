import fc from 'fast-check';
import { stringify } from 'yaml';
import { CALL_OUTCOMES } from '../../sequences/plan.ts';

/** A generated definition: as an object, and as the file that it would be. */
export interface GeneratedSequence {
  readonly definition: Readonly<Record<string, unknown>>;
  readonly yaml: string;
}

export interface GeneratorOptions {
  /** Name of the definition. Default: `generated`. */
  readonly name?: string;
  /** Most steps in the main list; branches are shorter. Default: 8. */
  readonly maxSteps?: number;
  /** Sequences that a `reactivate` at the end may go on with. Default: none. */
  readonly reactivateWith?: readonly string[];
  /** Steps that leave the lead with a person (calls, tasks, reviews). Default: true. */
  readonly tasks?: boolean;
}

type Step = Readonly<Record<string, unknown>>;

const STOP_SCOPES = fc.constantFrom('lead', 'company', 'none');
const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const TEXT = 'Hi {{ lead.first_name | default: "there" }}';

const length = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.constantFrom('hours', 'days', 'business days'))
  .map(([amount, unit]) => `${amount} ${amount === 1 ? unit.replace(/s$/, '') : unit}`);
const shortDays = fc.integer({ min: 2, max: 4 }).map((amount) => `${amount} days`);

const window = fc
  .record({
    days: fc.subarray(DAYS, { minLength: 2 }),
    from: fc.integer({ min: 6, max: 11 }),
    hours: fc.integer({ min: 3, max: 10 }),
    time_zone: fc.constantFrom('lead', 'sender', 'launch', 'Europe/Berlin', 'America/New_York'),
    holidays: fc.constantFrom<unknown>('lead', 'none', ['DE', 'US']),
  })
  .map(({ from, hours, ...rest }) => ({ ...rest, from: clock(from), to: clock(from + hours) }));

/**
 * Valid definitions at random: every kind of step but webhooks, with waits, branches, splits, failures handled each way
 * and ends in branches. What the steps need of a lead is any address or none; no text can miss a variable.
 */
export function arbitrarySequence(options: GeneratorOptions = {}): fc.Arbitrary<GeneratedSequence> {
  const { name = 'generated', maxSteps = 8, reactivateWith = [], tasks = true } = options;
  const main = stepList(maxSteps, 2, tasks);
  const end =
    reactivateWith.length === 0
      ? fc.constant(null)
      : fc.option(
          fc
            .record({ after: shortDays, with: fc.constantFrom(...reactivateWith) })
            .map((reactivate) => ({ reactivate })),
        );
  return fc
    .record({
      window: fc.option(window),
      stop_on: fc.option(
        fc.record({ replied: STOP_SCOPES, bounced: STOP_SCOPES, meeting_booked: STOP_SCOPES }),
      ),
      contact_limits: fc.option(fc.record({ cool_off: length })),
      steps: main,
      end,
    })
    .map(({ steps, end: last, ...settings }) => {
      const definition = {
        name,
        ...Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== null)),
        steps: numbered(last ? [...steps, last] : steps),
      };
      return { definition, yaml: stringify(definition, { aliasDuplicateObjects: false }) };
    });
}

function stepList(most: number, depth: number, tasks: boolean): fc.Arbitrary<Step[]> {
  return fc.array(step(depth, tasks), { minLength: 1, maxLength: most });
}

function step(depth: number, tasks: boolean): fc.Arbitrary<Step> {
  const leaves: fc.WeightedArbitrary<Step>[] = [
    { weight: 5, arbitrary: length.map((wait) => ({ wait })) },
    { weight: 4, arbitrary: touch(fc.constant({ email: { subject: TEXT, body: TEXT } })) },
    { weight: 1, arbitrary: touch(fc.constantFrom('visit', 'follow', 'invite').map((action) => ({ linkedin: { action } }))) },
    { weight: 1, arbitrary: touch(fc.constant({ sms: { text: TEXT } })) },
    { weight: 1, arbitrary: fc.constant({ message: { channel: 'preferred', texts: { sms: TEXT, email: { subject: TEXT, body: TEXT } } } }) },
    { weight: 1, arbitrary: fc.constant({ linkedin: { action: 'message', text: TEXT } }) },
  ]; // prettier-ignore
  if (tasks) {
    leaves.push(
      { weight: 1, arbitrary: shortDays.map((give_up_after) => ({ task: { title: TEXT, give_up_after } })) },
      { weight: 1, arbitrary: shortDays.map((give_up_after) => ({ call: { script: TEXT, give_up_after } })) },
    );
  }
  if (depth === 0) return fc.oneof(...leaves);
  return fc.oneof(...leaves, { weight: 3, arbitrary: branching(depth - 1, tasks) });
}

function touch(content: fc.Arbitrary<Step>): fc.Arbitrary<Step> {
  return fc
    .tuple(content, fc.option(fc.constantFrom('continue', 'stop')))
    .map(([fields, on_failure]) => (on_failure === null ? fields : { ...fields, on_failure }));
}

function branching(depth: number, tasks: boolean): fc.Arbitrary<Step> {
  const list = stepList(3, depth, tasks);
  // One arm may end the sequence; if each did, what follows could not be reached.
  const ending = fc
    .tuple(list, fc.constantFrom<Step | null>(null, null, { end: true }, { goal: 'reached' }))
    .map(([steps, end]) => (end ? [...steps, end] : steps));
  const arms: fc.Arbitrary<Step>[] = [
    fc
      .record({ if: condition, then: ending, else: fc.option(list) })
      .map(({ else: otherwise, ...rest }) => (otherwise === null ? rest : { ...rest, else: otherwise })),
    fc.record({
      wait_for: fc.record({ event: fc.constantFrom('accepted', 'opened', 'clicked'), within: shortDays }),
      then: ending,
      else: list,
    }),
    fc.record({ a: list, b: list, weight: fc.integer({ min: 1, max: 9 }) }).map(({ a, b, weight }) => ({
      split: { a: { weight, steps: a }, b: { weight: 10 - weight, steps: b } },
    })),
    fc
      .record({ wait_for_connection: shortDays, otherwise: list })
      .map(({ wait_for_connection, otherwise }) => ({
        linkedin: { action: 'message', text: TEXT, wait_for_connection, else: otherwise },
      })),
  ];
  if (tasks) {
    arms.push(
      fc
        .record({ outcome: fc.constantFrom(...CALL_OUTCOMES), steps: list, give_up_after: shortDays })
        .map(({ outcome, steps, give_up_after }) => ({
          call: { script: TEXT, give_up_after },
          outcomes: { [outcome]: steps },
        })),
    );
  }
  return fc.oneof(...arms);
}

const condition = fc.constantFrom(
  'lead.country == "DE"',
  'size(lead.phones) > 0',
  'has(lead.linkedin_url)',
  'happened.opened',
  'lead.persona == "founder" || !happened.clicked',
);

/** Gives each step an id by its place, so that failures can be told apart. */
function numbered(steps: readonly Step[]): Step[] {
  let count = 0;
  const list = (items: readonly Step[]): Step[] =>
    items.map((item) => ({ id: `s${++count}`, ...nested(item) }));
  const nested = (item: Step): Step => {
    const copy: Record<string, unknown> = { ...item };
    for (const key of ['then', 'else']) if (Array.isArray(copy[key])) copy[key] = list(copy[key] as Step[]);
    const { linkedin, outcomes, split } = item as Record<string, Record<string, unknown> | undefined>;
    if (linkedin?.else) copy.linkedin = { ...linkedin, else: list(linkedin.else as Step[]) };
    if (outcomes) copy.outcomes = mapValues(outcomes, (arm) => list(arm as Step[]));
    if (split)
      copy.split = mapValues(split, (arm) => ({
        ...(arm as Step),
        steps: list((arm as { steps: Step[] }).steps),
      }));
    return copy;
  };
  return list(steps);
}

function mapValues<In, Out>(
  values: Readonly<Record<string, In>>,
  change: (value: In) => Out,
): Record<string, Out> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));
}

function clock(hour: number): string {
  return `${String(hour).padStart(2, '0')}:00`;
}

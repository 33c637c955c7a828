/** Runs whose histories are kept: what each is there for, and what happens to its lead. */
import { readSequenceFiles } from '../../../api/operations/read-sequence-files.ts';
import type { LeadFields } from '../../../sequences/leads/row.ts';
import type { Instant } from '../../../sequences/plan.ts';
import type { ScriptEntry } from '../../../sequences/simulate/index.ts';
import type { Play } from './real-run.ts';

/** A Monday, 09:00 in Berlin. */
export const START: Instant = Date.parse('2026-03-02T08:00:00Z');
const HOUR = 3_600_000;

export interface Scenario {
  readonly play: Play;
  /** The lead, or its whole sequence, is paused in between; the sandbox refuses the first attempt for now. */
  readonly with?: 'pause' | 'sequence-pause' | 'refusal';
}

function shipped(name: string): Pick<Play, 'sequence' | 'others'> {
  const { main, all } = readSequenceFiles(`sequences/library/${name}.yaml`);
  return { sequence: main, others: [...all.values()].filter((one) => one !== main) };
}

const lead = (name: string, change: Partial<LeadFields> = {}): Partial<LeadFields> => ({
  externalId: name,
  firstName: 'Ada',
  company: 'Engines',
  emails: [`${name}@${name}.test`],
  // A number of their own: what one suppresses, all who share it lose.
  phones: [`+493023125${1000 + name.length * 26 + name.charCodeAt(0)}`],
  linkedinUrl: `https://www.linkedin.com/in/${name}`,
  country: 'DE',
  timeZone: 'Europe/Berlin',
  ...change,
});

const event = (hours: number, what: Extract<ScriptEntry, { kind: 'event' }>['event']): ScriptEntry => ({
  kind: 'event',
  lead: null,
  when: { at: START + hours * HOUR },
  event: what,
});

const outcome = (step: string, what: string): ScriptEntry => ({
  kind: 'outcome',
  lead: null,
  step,
  outcome: what,
  after: [{ unit: 'hours', amount: 2 }],
});

const one = (sequence: string, name: string, script: readonly ScriptEntry[], change?: Partial<LeadFields>): Scenario => ({
  play: { ...shipped(sequence), leads: [lead(name, change)], script: () => script },
}); // prettier-ignore

/** Under a name of its own: what becomes of the sequence concerns nobody else. */
const named = (name: string, { play }: Scenario): Scenario => ({
  play: { ...play, sequence: { ...play.sequence, name } },
});

/** Recorded by `sleepLong`, at the speed of the wall: in time-lapse twenty days are seconds. */
export const LONG_SLEEP = 'long-wait-continued-as-new';

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'classic-silent-reactivated': one('classic', 'silent', []),
  'classic-accepted-voicemail-replied': one('classic', 'replied', [
    event(60, 'accepted'),
    outcome('ring', 'voicemail'),
    event(200, 'replied'),
  ]),
  'classic-meeting-booked': one('classic', 'meeting', [outcome('ring', 'meeting_booked')]),
  'classic-paused-resumed': { ...one('classic', 'paused', []), with: 'pause' },
  'classic-sequence-paused': {
    ...named('paused-classic', one('classic', 'sequence-paused', [])),
    with: 'sequence-pause',
  },
  'classic-refused-then-later': {
    ...one('classic', 'greylisted', [event(100, 'unsubscribed')]),
    with: 'refusal',
  },
  'classic-no-name-held': one('classic', 'held', [event(50, 'unsubscribed')], { firstName: null }),
  'reactivation-sms': one('reactivation', 'texted', [], { preferredChannel: 'sms' }),
  'reactivation-replied': one('reactivation', 'awake', [event(40, 'replied')]),
  'recruitment-accepted': one('recruitment', 'accepting', [event(80, 'accepted')], {
    consent: { status: 'given', source: null, at: null },
  }),
  'recruitment-task-done': one('recruitment', 'looked-at', [outcome('look-again', 'done')], { phones: [] }),
};

/** Why a lead is where it is (promise 2): from PostgreSQL alone, as facts and in plain words. */
import type { IdentityHasher } from '../common/crypto.ts';
import type { Command, EngineState } from '../sequences/engine/types.ts';
import type { Instant, Plan, PlanNode } from '../sequences/plan.ts';
import type { Queryable } from './db.ts';
import type { LeadSummary } from './history.ts';
import { explainReason } from './reasons.ts';
import { sequenceOf, withinScope } from './scopes.ts';
import { CommandRefused } from './refused.ts';
import { suppressedChannels, type Reachable } from './suppressions.ts';

export const BLOCKS = [
  'paused',
  'on_leave',
  'suppressed',
  'held',
  'broken_sender',
  'unconfirmed',
  'task',
  'capacity',
  'sending',
  'launch_stopped',
] as const;

/** Something that keeps the lead from its next touch. */
export interface Block {
  readonly kind: (typeof BLOCKS)[number];
  /** What it is about: a pause's scope or the absence behind it, a channel, a sender, a task or touch id. */
  readonly subject: string;
  readonly sentence: string;
  /** `on_leave`: who, and the last day (`YYYY-MM-DD`). */
  readonly leave?: { readonly name: string; readonly to: string };
  /** What the sentence names, to say it in another language: of a pause and a broken sender why, of a touch its step and channel, of a
   * task what it is, who has it (null: nobody) and when it is due. */
  readonly about?: {
    readonly reason?: string | null;
    readonly name?: string;
    readonly step?: string;
    readonly channel?: string;
    readonly title?: string;
    readonly assignee?: string | null;
    /** As text, ISO 8601 in UTC. */
    readonly dueAt?: string;
  };
}

export interface Why {
  readonly lead: LeadSummary;
  /** What times are shown in: the lead's zone, else the company's, the launch's, or UTC. */
  readonly timeZone: string;
  /** The active enrollment, else the last one; null: never in a sequence. */
  readonly enrollment: {
    readonly id: string;
    readonly launchId: string;
    readonly sequence: string;
    readonly status: 'pending' | 'running' | 'finished' | 'stopped';
    readonly reason: string;
    readonly startedAt: Instant | null;
    readonly endedAt: Instant | null;
    readonly step: string | null;
    /** As last saved. */
    readonly phase: EngineState['phase'] | null;
    readonly held: boolean;
  } | null;
  readonly next: {
    readonly action: string | null;
    readonly at: Instant;
    /** The step that is next; of a touch on which channel, and what is done there. */
    readonly step: {
      readonly kind: PlanNode['kind'];
      readonly channel: string | null;
      readonly action: string | null;
    } | null;
  } | null;
  readonly blocks: readonly Block[];
  /** When its owner changed, within the last 30 days, and from whom to whom; null: not. */
  readonly handed: { readonly at: string; readonly from: string | null; readonly to: string | null } | null;
  /** The whole of it in plain words. */
  readonly sentence: string;
}

interface Row extends LeadSummary, Reachable {
  readonly zone: string;
  readonly enrollmentId: string | null;
  readonly launchId: string;
  readonly launchStatus: 'running' | 'stopped';
  readonly sequence: string;
  readonly status: 'pending' | 'running' | 'finished' | 'stopped';
  readonly reason: string;
  readonly held: boolean;
  readonly nextAction: string | null;
  readonly nextAt: Date | null;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly engine: { readonly state: EngineState; readonly command: Command } | null;
  readonly plan: Plan;
  /** When its owner changed last, within `TOLD_DAYS`, and from whom to whom. */
  readonly handedAt: Date | null;
  readonly handed: string | null;
}

/** A new owner is news for so long. */
const TOLD_DAYS = 30;

/** @throws CommandRefused `not_found` */
export async function why(q: Queryable, hash: IdentityHasher, leadId: string): Promise<Why> {
  const { rows } = await q.query<Row>(
    `select l.id, trim(concat_ws(' ', l.first_name, l.last_name)) as name, l.emails[1] as email, coalesce(l.company_name, c.name) as company,
       coalesce(l.time_zone, c.time_zone) as "timeZone", coalesce(l.time_zone, c.time_zone, n.time_zone, 'UTC') as zone,
       l.external_id as "externalId", l.emails, l.phones, l.linkedin_url as "linkedinUrl", c.domain as "companyDomain",
       e.id as "enrollmentId", e.launch_id as "launchId", n.status as "launchStatus", v.name as sequence, e.status, e.reason, e.held,
       e.next_action as "nextAction", e.next_at as "nextAt", e.started_at as "startedAt", e.ended_at as "endedAt", e.engine, v.plan,
       h.at as "handedAt", h.detail as handed
     from leads l left join companies c on c.id = l.company_id
       left join lateral (select * from enrollments where lead_id = l.id
         order by status in ('pending', 'running') desc, created_at desc, id limit 1) e on true
       left join launches n on n.id = e.launch_id left join sequence_versions v on v.id = e.version_id
       left join lateral (select at, detail from decisions d where d.lead_id = l.id and d.kind = 'handed_over'
         and d.at > business_now() - make_interval(days => $2) order by d.id desc limit 1) h on true
     where l.id = $1`,
    [leadId, TOLD_DAYS],
  );
  const row = rows[0];
  if (!row) throw new CommandRefused('not_found', `There is no lead with the id ${leadId}.`);
  const active = row.status === 'pending' || row.status === 'running';
  const blocks = active ? await blocksOf(q, row) : [];
  const suppressed = await suppressedChannels(q, hash, row);
  if (suppressed.all || suppressed.channels.size > 0) {
    const where = suppressed.all ? 'any channel' : [...suppressed.channels].join(', ');
    blocks.push({
      kind: 'suppressed',
      subject: suppressed.all ? 'all' : [...suppressed.channels].join(','),
      sentence: `${nameOf(row)} must not be contacted on ${where}.`,
    });
  }
  const next =
    active && row.nextAt !== null
      ? { action: row.nextAction, at: row.nextAt.getTime(), step: stepOf(nodeOf(row)) }
      : null;
  return {
    lead: { id: row.id, name: row.name, email: row.email, company: row.company, timeZone: row.timeZone },
    timeZone: row.zone,
    enrollment: row.enrollmentId === null ? null : enrollmentOf(row, row.enrollmentId),
    next,
    blocks,
    handed: row.handedAt && { at: row.handedAt.toISOString(), ...ownersOf(row.handed) },
    sentence: [sentenceOf(row, blocks, next), handedSentence(row)].join(' ').trimEnd(),
  };
}

/** As `tell` of hand-over.ts writes it: `from Mia to Ben`. */
function ownersOf(handed: string | null): { readonly from: string | null; readonly to: string | null } {
  const [, from = null, to = null] = /^from (.+) to (.+)$/.exec(handed ?? '') ?? [];
  return { from, to };
}

const handedSentence = ({ handedAt, handed, zone }: Row) =>
  handedAt === null ? '' : `Handed over ${handed ?? 'to a colleague'} ${inZone(handedAt, zone)}.`;

function enrollmentOf(row: Row, id: string): Why['enrollment'] {
  return {
    id,
    launchId: row.launchId,
    sequence: row.sequence,
    status: row.status,
    reason: row.reason,
    startedAt: row.startedAt?.getTime() ?? null,
    endedAt: row.endedAt?.getTime() ?? null,
    step: row.engine?.state.step ?? null,
    phase: row.engine?.state.phase ?? null,
    held: row.held,
  };
}

interface Facts {
  readonly pauses: readonly { readonly scope: string; readonly reason: string; readonly at: Date }[] | null;
  readonly absences: readonly { readonly id: string; readonly name: string; readonly to: string }[] | null;
  readonly senders:
    readonly { readonly id: string; readonly name: string; readonly reason: string | null }[] | null;
  readonly touches:
    | readonly {
        readonly id: string;
        readonly state: string;
        readonly step: string;
        readonly channel: string;
      }[]
    | null;
  readonly tasks:
    | readonly {
        readonly id: string;
        readonly title: string;
        readonly assignee: string | null;
        readonly dueAt: string;
      }[]
    | null;
}

const PAUSED: Readonly<Record<string, string>> = {
  all: 'Everything is paused',
  sequence: 'Its sequence is paused',
  launch: 'Its launch is paused',
  sender: 'Its sender is paused',
  company: 'Its company is paused',
  lead: 'This lead is paused',
};

const ABSENT = withinScope('absence', 'a.id');

/** “3 December”, of `2026-12-03`. */
const dayMonth = (day: string) =>
  new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'long' }).format(new Date(day));

/** Longest first what a person would mend first. */
async function blocksOf(q: Queryable, row: Row): Promise<Block[]> {
  const { rows } = await q.query<Facts>(
    `select
       (select json_agg(json_build_object('scope', p.scope, 'reason', p.reason, 'at', p.at) order by p.at) from (
          select scope, reason, at from pauses_in_force where (scope = 'all'
            or (scope = 'sequence' and scope_id = ${sequenceOf('e.version_id')})
            or (scope = 'launch' and scope_id = e.launch_id) or (scope = 'lead' and scope_id = e.lead_id)
            or (scope = 'company' and scope_id = l.company_id)
            or (scope = 'sender' and scope_id in (select sender_id from lead_senders where lead_id = e.lead_id))) limit 20) p) as pauses,
       (select json_agg(json_build_object('id', a.id, 'name', u.name, 'to', a.to_day) order by a.until_at)
          from pauses_in_force p join absences a on a.id = p.scope_id join users u on u.id = a.user_id
          where p.scope = 'absence' and ${ABSENT}) as absences,
       (select json_agg(json_build_object('id', s.id, 'name', s.name, 'reason', s.broken_reason)) from lead_senders ls
          join senders s on s.id = ls.sender_id where ls.lead_id = e.lead_id and s.broken_at is not null) as senders,
       (select json_agg(json_build_object('id', t.id, 'state', t.state, 'step', t.step_id, 'channel', t.channel)) from touches t
          where t.enrollment_id = e.id and t.state in ('sending', 'unconfirmed')) as touches,
       (select json_agg(json_build_object('id', k.id, 'title', k.title, 'assignee', k.assignee,
            'dueAt', to_char(k.due_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))) from tasks k
          where k.enrollment_id = e.id and k.state = 'open') as tasks
     from enrollments e join leads l on l.id = e.lead_id where e.id = $1`,
    [row.enrollmentId],
  );
  const { pauses, absences, senders, touches, tasks } = rows[0]!;
  const blocks: Block[] = [];
  if (row.launchStatus === 'stopped') {
    blocks.push({
      kind: 'launch_stopped',
      subject: row.launchId,
      sentence: 'Its launch was stopped; the lead is about to leave the sequence.',
    });
  }
  for (const pause of pauses ?? []) {
    const sentence = `${PAUSED[pause.scope]}: ${pause.reason}.`;
    blocks.push({ kind: 'paused', subject: pause.scope, sentence, about: { reason: pause.reason } });
  }
  for (const { id, name, to } of absences ?? [])
    blocks.push({
      kind: 'on_leave',
      subject: id,
      sentence: `${name} is on leave until ${dayMonth(to)}.`,
      leave: { name, to },
    });
  for (const touch of touches ?? []) {
    const about = { step: touch.step, channel: touch.channel };
    blocks.push(
      touch.state === 'sending'
        ? {
            kind: 'sending',
            subject: touch.id,
            about,
            sentence: `Step ${touch.step} (${touch.channel}) is being sent right now.`,
          }
        : {
            kind: 'unconfirmed',
            subject: touch.id,
            about,
            sentence: `It is not known whether step ${touch.step} (${touch.channel}) went out. Somebody must settle it: touches settle ${touch.id} --sent or --not-sent.`,
          },
    );
  }
  if (row.held) {
    blocks.push({
      kind: 'held',
      about: { reason: row.reason },
      subject: row.engine?.state.step ?? '',
      sentence: `Held: ${explainReason(row.reason)}`,
    });
  }
  for (const sender of senders ?? []) {
    const reason = sender.reason ? ` (${sender.reason.replaceAll('_', ' ')})` : '';
    const sentence = `The sender ${sender.name} is broken${reason}. Mend it, then check it.`;
    blocks.push({
      kind: 'broken_sender',
      subject: sender.id,
      sentence,
      about: { name: sender.name, reason: sender.reason },
    });
  }
  for (const task of tasks ?? []) {
    const who = task.assignee ? `${task.assignee} has it` : 'nobody has it yet';
    const sentence = `A task is open: “${task.title}”; ${who}, due ${inZone(new Date(task.dueAt), row.zone)}.`;
    blocks.push({
      kind: 'task',
      subject: task.id,
      sentence,
      about: { title: task.title, assignee: task.assignee, dueAt: task.dueAt },
    });
  }
  if (row.status === 'pending') {
    blocks.push({ kind: 'capacity', subject: row.launchId, sentence: explainReason('waits_for_capacity') });
  }
  return blocks;
}

function sentenceOf(row: Row, blocks: readonly Block[], next: Why['next']): string {
  const name = nameOf(row);
  const further = blocks.map((block) => block.sentence);
  if (row.enrollmentId === null) return [`${name} is in no sequence.`, ...further].join(' ');
  if (row.status === 'finished' || row.status === 'stopped') {
    const when = row.endedAt ? ` ${inZone(row.endedAt, row.zone)}` : '';
    return [
      `${name} ${row.status === 'finished' ? 'finished' : 'left'} ${row.sequence}${when}.`,
      explainReason(row.reason),
      ...further,
    ].join(' ');
  }
  if (row.status === 'pending') return [`${name} has not started on ${row.sequence}.`, ...further].join(' ');
  const step = row.engine?.state.step ?? null;
  const where =
    step === null ? `${name} is in ${row.sequence}` : `${name} is at step ${step} of ${row.sequence}`;
  const node = nodeOf(row);
  const paused = blocks.some(({ kind }) => kind === 'paused' || kind === 'on_leave');
  const then =
    paused && next
      ? `After the pause: ${describe(next.action, node)}, in a new slot.`
      : next
        ? `Next: ${describe(next.action, node)}, ${inZone(new Date(next.at), row.zone)}.`
        : further.length === 0
          ? 'It goes on as soon as its workflow is woken.'
          : 'It goes on once that is over.';
  return [`${where}.`, ...further, then].join(' ');
}

/** What comes at each kind of step. */
const DOES: Readonly<Record<PlanNode['kind'], string>> = {
  touch: 'the touch',
  wait: 'the end of a wait',
  wait_for: 'the end of waiting for an event',
  if: 'a condition',
  split: 'a split',
  goal: 'the goal',
  end: 'the end',
  reactivate: 'the reactivation',
};

function describe(action: string | null, node: PlanNode | undefined): string {
  if (node?.kind === 'touch') {
    const channel = node.channel === 'preferred' ? 'preferred channel' : node.channel;
    return node.action === node.channel || node.action === 'preferred'
      ? channel
      : `${channel} ${node.action}`;
  }
  return node ? DOES[node.kind] : (action ?? 'the next step').replaceAll('_', ' ');
}

function nodeOf({ engine, plan }: Row): PlanNode | undefined {
  const step = engine?.state.step ?? null;
  return step === null ? undefined : plan.nodes[step];
}

function stepOf(node: PlanNode | undefined): NonNullable<Why['next']>['step'] {
  if (!node) return null;
  return node.kind === 'touch'
    ? { kind: node.kind, channel: node.channel, action: node.action }
    : { kind: node.kind, channel: null, action: null };
}

function nameOf(row: Row): string {
  return row.name || row.email || 'The lead';
}

/** “Tue 10 Mar 2026, 10:00 (Europe/Berlin)”. */
function inZone(at: Date, timeZone: string): string {
  const text = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  }).format(at);
  return `${text} (${timeZone})`;
}

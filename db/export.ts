/** Everything held about a person, for whoever asks for it (GDPR, article 15). */
import type { Queryable } from './db.ts';
import { CommandRefused } from './refused.ts';

/** More rows than this of one kind are cut; no lead has them. */
const LIMIT = 10_000;

const PARTS: Readonly<Record<string, string>> = {
  identities: 'select kind, value from lead_identities where lead_id = $1 order by kind, value',
  senders: `select x.channel, s.name, s.address, x.connected_at, x.provider_lead_id, x.provider_chat_id
    from lead_senders x join senders s on s.id = x.sender_id where x.lead_id = $1 order by x.channel`,
  enrollments: `select e.id, v.name as sequence, l.name as launch, e.status, e.reason, e.next_action, e.next_at, e.held, e.created_at, e.started_at, e.ended_at
    from enrollments e join sequence_versions v on v.id = e.version_id join launches l on l.id = e.launch_id
    where e.lead_id = $1 order by e.created_at`,
  touches: `select t.id, t.enrollment_id, t.step_id, t.channel, t.action, s.address as sender, t.state, t.slot_at, t.at, t.reason, t.detail,
    t.recipient, t.content, t.copy_revision, t.provider_id, t.provider_thread_id, t.message_id, t.delivery, t.delivery_at, t.delivery_detail
    from touches t left join senders s on s.id = t.sender_id where t.lead_id = $1 order by t.slot_at`,
  tasks: `select id, kind, title, body, link, assignee, state, outcome, note, due_at, created_at, done_at from tasks
    where lead_id = $1 order by created_at`,
  messages: `select m.id, m.channel, m.at, m.address, m.body, m.class, m.touch_id, encode(i.raw, 'base64') as raw
    from messages m left join inbound i on i.id = m.inbound_id where m.lead_id = $1 order by m.at`,
  replies: `select r.id, r.channel, s.address as sender, r.state, r.recipient, r.subject, r.body, r.sending_at, r.at, r.reason, r.detail
    from replies r join senders s on s.id = r.sender_id where r.lead_id = $1 order by r.sending_at`,
  events: `select id, type, channel, at, data from lead_events where lead_id = $1 order by at`,
  hits: `select h.touch_id, h.kind, t.content->'tracking'->'links'->>h.link as url, h.by, h.why, h.at, h.last_at, h.count
    from hits h join touches t on t.id = h.touch_id where h.lead_id = $1 order by h.at`,
  decisions: `select at, enrollment_id, step_id, kind, reason, detail from decisions where lead_id = $1 order by id`,
  inbox: `select i.at, i.enrollment_id, i.event from inbox i join enrollments e on e.id = i.enrollment_id where e.lead_id = $1 order by i.seq`,
  callbacks: `select event_id, type, lead_seq, payload, created_at from callbacks where lead_id = $1 order by lead_seq`,
  deliveries: `select c.event_id, n.url as endpoint, d.state, d.attempts, d.last_status, d.last_error, d.delivered_at
    from deliveries d join callbacks c on c.id = d.callback_id join endpoints n on n.id = d.endpoint_id where d.lead_id = $1 order by d.id`,
  exclusions: `select l.name as launch, x.reason, x.detail from launch_exclusions x join launches l on l.id = x.launch_id
    where x.lead_id = $1 order by l.name`,
  pauses: `select reason, at, ended_at from pauses where scope = 'lead' and scope_id = $1 order by at`,
};

/** A lead with all that belongs to it: plain JSON, the profile as stored. */
export type LeadExport = { readonly lead: Readonly<Record<string, unknown>> } & Readonly<
  Record<string, readonly Readonly<Record<string, unknown>>[] | Readonly<Record<string, unknown>>>
>;

/**
 * Everything that is stored about a lead, in one object that can be written as JSON.
 * @throws CommandRefused `not_found`, also when it was erased
 */
export async function exportLead(q: Queryable, id: string): Promise<LeadExport> {
  const { rows } = await q.query<{ lead: Record<string, unknown> }>(
    `select to_jsonb(l) || jsonb_build_object('company', to_jsonb(c)) as lead
     from leads l left join companies c on c.id = l.company_id where l.id = $1 and l.erased_at is null`,
    [id],
  );
  if (!rows[0]) throw new CommandRefused('not_found', `There is no lead with the id ${id}.`);
  const parts: Record<string, readonly Record<string, unknown>[]> = {};
  for (const [name, text] of Object.entries(PARTS)) {
    const part = await q.query<{ row: Record<string, unknown> }>(
      `select to_jsonb(p) as row from (${text} limit ${LIMIT}) p`,
      [id],
    );
    parts[name] = part.rows.map((one) => one.row);
  }
  return { ...parts, lead: rows[0].lead };
}

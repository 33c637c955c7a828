import type { Queryable } from '../../db/db.ts';
import type { CallbackReceived, Received } from '../../providers/sandbox/record.ts';

/** What `--json` writes. Instants are ISO 8601 in UTC, business time. */
export interface DemoResult {
  readonly leads: readonly DemoLead[];
  readonly touches: readonly DemoTouch[];
  /** The sandbox's own record, not the database's. */
  readonly received: readonly { channel: string; touchId: string | null; to: string; at: string }[];
  /** What the CRM got, with its signature checked there. */
  readonly callbacks: readonly {
    id: string;
    type: string | null;
    touchId: string | null;
    verified: boolean;
  }[];
}

export interface DemoLead {
  readonly id: string;
  readonly email: string | null;
  readonly name: string;
  readonly timeZone: string;
  readonly state: string;
  readonly reason: string;
}

export interface DemoTouch {
  readonly id: string;
  readonly leadId: string;
  readonly sequence: string;
  readonly stepId: string;
  readonly channel: string;
  readonly sender: string | null;
  readonly state: string;
  readonly at: string;
  readonly reason: string | null;
}

/** A launch's audience is bounded by what a demo can show. */
const LIMIT = 100_000;

export async function demoResult(
  q: Queryable,
  launchId: string,
  sandbox: { received: readonly Received[]; callbacks: readonly CallbackReceived[] },
): Promise<DemoResult> {
  const { rows: leads } = await q.query<DemoLead & Record<string, unknown>>(
    `select distinct on (l.id) l.id, l.emails[1] as email, coalesce(nullif(concat_ws(' ', l.first_name, l.last_name), ''), l.emails[1], l.id::text) as name,
       coalesce(l.time_zone, c.time_zone, a.time_zone) as "timeZone",
       case when e.status = 'running' and e.held then 'held' else e.status end as state, e.reason
     from enrollments e join leads l on l.id = e.lead_id join launches a on a.id = e.launch_id left join companies c on c.id = l.company_id
     where e.launch_id = $1 order by l.id, e.created_at desc, e.id limit $2`,
    [launchId, LIMIT],
  );
  const { rows: touches } = await q.query<Omit<DemoTouch, 'at'> & { at: Date } & Record<string, unknown>>(
    `select t.id, t.lead_id as "leadId", v.name as sequence, t.step_id as "stepId", t.channel, s.address as sender, t.state,
       coalesce(t.at, t.sending_at, t.slot_at) as at, t.reason
     from touches t join enrollments e on e.id = t.enrollment_id join sequence_versions v on v.id = e.version_id
       left join senders s on s.id = t.sender_id
     where e.launch_id = $1 order by at, t.id limit $2`,
    [launchId, LIMIT],
  );
  return {
    leads,
    touches: touches.map((touch) => ({ ...touch, at: touch.at.toISOString() })),
    received: sandbox.received.map(({ channel, touchId, to, at, businessAt }) => ({
      channel,
      touchId,
      to,
      at: businessAt ?? at,
    })),
    callbacks: sandbox.callbacks.map(({ id, type, touchId, verified }) => ({ id, type, touchId, verified })),
  };
}

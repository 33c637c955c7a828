/** How far what came in at each sender's provider was asked for. Wall clock. */
import type { Queryable } from './db.ts';

/** What can be asked for afterwards. */
export type MissedKind = 'messages' | 'relations';

/** A sender whose provider is to be asked. */
export interface DueCatchUp {
  readonly senderId: string;
  readonly what: MissedKind;
  /** From when on (wall) things may be missing. */
  readonly since: Date;
  /** When it was taken up: everything before is stored once it is done. */
  readonly takenAt: Date;
}

/** How much further back than what is known to be stored is asked, in hours: providers list late, and clocks differ. */
const OVERLAP_HOURS = 1;

/** Enters senders who are new: nothing that came before is theirs. */
export async function enterCatchUps(q: Queryable): Promise<void> {
  await q.query(
    `insert into catch_ups (sender_id, what)
     select s.id, w.what from senders s join (values ('twilio', 'messages'), ('unipile', 'messages'), ('unipile', 'relations')) w (provider, what)
       on w.provider = s.provider
     where s.channel in ('sms', 'whatsapp', 'linkedin')
     on conflict do nothing`,
  );
}

/** Has every sender's messages asked for as soon as possible: somebody was away. */
export async function hurryCatchUps(q: Queryable): Promise<void> {
  await q.query(
    `update catch_ups set next_at = clock_timestamp() where what = 'messages' and next_at > clock_timestamp()`,
  );
}

/** Takes up one that is due; it is nobody else's until `againMs` (wall) have passed. null: none is. */
export async function takeCatchUp(
  q: Queryable,
  againMs: Readonly<Record<MissedKind, number>>,
): Promise<DueCatchUp | null> {
  const { rows } = await q.query<DueCatchUp & Record<string, unknown>>(
    `update catch_ups c set next_at = clock_timestamp() + make_interval(secs => case c.what when 'messages' then $1::float8 else $2::float8 end / 1000)
     from (select sender_id, what from catch_ups where next_at <= clock_timestamp() order by next_at limit 1 for no key update skip locked) due
     where c.sender_id = due.sender_id and c.what = due.what
     returning c.sender_id as "senderId", c.what, c.seen_until - interval '${OVERLAP_HOURS} hours' as since, clock_timestamp() as "takenAt"`,
    [againMs.messages, againMs.relations],
  );
  return rows[0] ?? null;
}

/** Everything that came before it was taken up is stored. */
export async function catchUpDone(q: Queryable, { senderId, what, takenAt }: DueCatchUp): Promise<void> {
  await q.query(
    'update catch_ups set seen_until = greatest(seen_until, $3) where sender_id = $1 and what = $2',
    [senderId, what, takenAt],
  );
}

/** It could not be asked: again, by whoever comes first, after so long (wall ms). */
export async function catchUpFailed(
  q: Queryable,
  { senderId, what }: Pick<DueCatchUp, 'senderId' | 'what'>,
  againMs: number,
): Promise<void> {
  await q.query(
    `update catch_ups set next_at = clock_timestamp() + make_interval(secs => $3::float8 / 1000) where sender_id = $1 and what = $2`,
    [senderId, what, againMs],
  );
}

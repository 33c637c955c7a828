/** What it costs to keep lists and analytics quick: touches and events written with, and without, what migrations 0020 to 0024 added to these tables. */
import type { Db, Tx } from '../../db/db.ts';

const TOUCHES = 2000;

/** As they were before: the narrower index, no other one, and not every event counted anew. */
const WITHOUT = [
  'drop index touches_open_lead',
  'drop index touches_sender_trouble',
  'drop index touches_sender_day',
  `create index touches_sender_day on touches (sender_id, local_day) where state in ('booked', 'sending', 'sent', 'unconfirmed', 'task')`,
  'drop trigger count_new on lead_events',
  `create trigger count_new after insert on lead_events for each row
     when (new.type in ('replied', 'opened', 'clicked', 'unsubscribed', 'meeting_booked',
       'session.started', 'contact.created', 'contact.qualified', 'deal.won')) execute function count_again()`,
];

const IDS = `select md5('bench' || n)::uuid from generate_series(1, ${TOUCHES}) n`;
/** Touches on their way through their states, each with something that comes back. */
const WORK = [
  `insert into touches (id, enrollment_id, lead_id, step_id, visit, attempt, channel, action, sender_id, state, slot_at, local_day, copy_revision)
   select md5('bench' || n)::uuid, e.id, e.lead_id, 'bench', 1, 1, 'email', 'email', s.id, 'booked', now(), current_date, 1
   from (select id, lead_id, row_number() over (order by id) as n from enrollments order by id limit ${TOUCHES}) e,
     (select id from senders where channel = 'email' order by id limit 1) s`,
  `update touches set state = 'sending', sending_at = now(), lease_until = now() where id in (${IDS})`,
  `update touches set state = 'sent', at = now(), lease_until = null where id in (${IDS})`,
  `insert into lead_events (lead_id, enrollment_id, type, channel, at, data)
   select lead_id, enrollment_id, case when id::text < '8' then 'opened' else 'bounced' end, 'email', now(), '{}' from touches where id in (${IDS})`,
];

export interface Writes {
  readonly touches: number;
  /** Wall ms, the least of the rounds: others on the machine only add to it. */
  readonly withThem: number;
  readonly without: number;
}

/** Writes and takes back, in turns. `db` is of a database that `seed` filled, as its owner. */
export async function measureWrites(db: Db, rounds = 5): Promise<Writes> {
  const undo = new Error('only measured');
  const round = async (changes: readonly string[]): Promise<number> => {
    let ms = 0;
    await db
      .tx(async (tx) => {
        for (const change of changes) await tx.query(change);
        ms = await work(tx);
        throw undo;
      })
      .catch((error: unknown) => {
        if (error !== undo) throw error;
      });
    return ms;
  };
  const took = { withThem: Infinity, without: Infinity };
  await round([]);
  for (let n = 0; n < rounds; n++) {
    took.without = Math.min(took.without, await round(WITHOUT));
    took.withThem = Math.min(took.withThem, await round([]));
  }
  return { touches: TOUCHES, ...took };
}

async function work(tx: Tx): Promise<number> {
  const started = performance.now();
  for (const statement of WORK) await tx.query(statement);
  return performance.now() - started;
}

import { randomUUID } from 'node:crypto';
import { createInbound, type Inbound } from '../../../activities/inbound/index.ts';
import { understandEvent } from '../../../activities/inbound/events.ts';
import { understandHit } from '../../../activities/inbound/hits.ts';
import { understandMail } from '../../../activities/inbound/mail.ts';
import { understandTwilio } from '../../../activities/inbound/twilio.ts';
import { understandUnipile } from '../../../activities/inbound/unipile.ts';
import { createIdentityHasher } from '../../../common/crypto.ts';
import { createLogger } from '../../../common/log.ts';
import type { Db } from '../../../db/db.ts';
import { storeInbound, type NewInbound } from '../../../db/inbound.ts';
import type { Channel } from '../../../sequences/lead.ts';
import type { Plan, SequenceSettings } from '../../../sequences/plan.ts';
import {
  databaseClock,
  makeCompany,
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeSender,
  makeVersion,
  touchNode,
} from '../../support/factories.ts';

export const hash = createIdentityHasher(Buffer.alloc(32, 7));

export interface World {
  readonly inbound: Inbound;
  readonly woken: string[];
  /** Stores and understands; answers what came of it. */
  arrive(one: NewInbound): Promise<string | null>;
}

export async function world(db: Db): Promise<World> {
  const woken: string[] = [];
  const inbound = createInbound({
    db,
    clock: await databaseClock(db),
    hashIdentity: hash,
    log: createLogger({ level: 'silent' }),
    rawDays: 30,
    wake: (ids, launches) => void woken.push(...ids, ...launches),
    understand: {
      mail: understandMail,
      twilio: understandTwilio,
      unipile: understandUnipile,
      events: understandEvent,
      tracking: understandHit,
    },
  });
  return {
    inbound,
    woken,
    async arrive(one) {
      const id = await storeInbound(db, one);
      if (id === null) return null;
      await inbound.process(id);
      const { rows } = await db.query<{ result: string | null; error: string | null }>(
        'select result, error from inbound where id = $1',
        [id],
      );
      if (rows[0]!.error) throw new Error(rows[0]!.error);
      return rows[0]!.result;
    },
  };
}

let numbers = 100_000;
export const number = () => `+4915120${String(numbers++)}`;

/** A lead under way in a sequence, who was written to once. */
export async function contacted(
  db: Db,
  options: {
    channel: Channel;
    lead?: Parameters<typeof makeLead>[1];
    stopOn?: Partial<Plan['stopOn']>;
    settings?: Partial<SequenceSettings>;
    senderId?: string;
    steps?: Parameters<typeof touchNode>[];
  },
) {
  const steps = options.steps ?? [['hello']];
  const version = await makeVersion(db, {
    plan: makePlan(
      steps.map((step) => touchNode(...step)),
      options.stopOn,
    ),
    ...(options.settings && { settings: options.settings }),
  });
  const launch = await makeLaunch(db, { versionId: version.id });
  const company = await makeCompany(db);
  const lead = await makeLead(db, { companyId: company.id, ...options.lead });
  const enrollment = await makeEnrollment(db, { launchId: launch.id, leadId: lead.id });
  const senderId = options.senderId ?? (await makeSender(db, { channel: options.channel })).id;
  const touchId = randomUUID();
  const recipient = options.lead?.phone ?? lead.email;
  await db.query(
    `insert into touches (id, enrollment_id, lead_id, step_id, visit, attempt, channel, action, sender_id, state, slot_at, local_day, sending_at,
       at, recipient, provider_id)
     values ($1, $2, $3, 'hello', 1, 1, $4, $5, $6, 'sent', business_now(), '2026-03-10', business_now(), business_now(), $7, $8)`,
    [
      touchId,
      enrollment.id,
      lead.id,
      options.channel,
      options.channel === 'linkedin' ? 'message' : options.channel,
      senderId,
      recipient,
      `SM${touchId.replaceAll('-', '')}`,
    ],
  );
  return { leadId: lead.id, companyId: company.id, enrollmentId: enrollment.id, senderId, touchId };
}

export async function statusOf(db: Db, enrollmentId: string): Promise<string> {
  const { rows } = await db.query<{ status: string; reason: string }>(
    'select status, reason from enrollments where id = $1',
    [enrollmentId],
  );
  return `${rows[0]!.status} ${rows[0]!.reason}`;
}

/** Five leads of whom everything is known, so that numbers can be counted by hand. Times are UTC, March 2026. */
import type { Queryable } from '../../db/db.ts';
import {
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeSender,
  makeVersion,
  setTime,
  touchNode,
} from './factories.ts';

export const ROSA = 'rosa@acme.test';
export const BEN = 'ben@acme.test';
export const MARCH = 'from=2026-03-01&to=2026-03-31&timeZone=Europe/Berlin';

export interface Story {
  readonly launchId: string;
  readonly versionId: string;
  readonly mailbox: string;
  readonly leads: Readonly<Record<'ada' | 'bo' | 'cy' | 'di' | 'ed', string>>;
  readonly enrollments: Readonly<Record<'ada' | 'bo' | 'cy' | 'di' | 'ed', string>>;
}

/**
 * Ada (Rosa's) opens and follows the email, answers by LinkedIn, meets, and buys for 5,000 EUR. Bo's (Rosa's) bounces. Cy (Ben's) takes a
 * call and answers by email; a machine opened it. Di (nobody's) unsubscribes. Ed (Ben's) was written to in February, comes to the website
 * and buys for 1,000 USD; the CRM tells it twice.
 */
export async function tellStory(db: Queryable): Promise<Story> {
  await setTime(db, Date.parse('2026-03-31T12:00:00Z'));
  const plan = makePlan([touchNode('hello'), touchNode('nudge', 'linkedin'), touchNode('ring', 'call')]);
  const version = await makeVersion(db, { name: 'story', plan });
  const mailbox = await makeSender(db, { name: 'Rosa Lind', address: 'mail@acme.test' });
  const launch = await makeLaunch(db, { versionId: version.id });
  const leads: Record<string, string> = {};
  const enrollments: Record<string, string> = {};
  for (const [name, owner] of [
    ['ada', 'Rosa@acme.test'],
    ['bo', ROSA],
    ['cy', BEN],
    ['di', null],
    ['ed', BEN],
  ] as const) {
    leads[name] = (await makeLead(db, { firstName: name, owner })).id;
    const { id } = await makeEnrollment(db, { launchId: launch.id, leadId: leads[name] });
    enrollments[name] = id;
    await db.query(`update enrollments set started_at = '2026-02-01', status = 'running' where id = $1`, [
      id,
    ]);
  }
  const touch = async (
    name: string,
    step: string,
    channel: string,
    at: string,
    delivery: string | null = null,
  ) => {
    const { rows } = await db.query<{ id: string }>(
      `insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, sender_id, state, slot_at, local_day, at, delivery)
       values ($1, $2, $3, 1, 1, $4, 'message', $5, 'sent', $6::timestamptz, '2026-03-02', $6, $7) returning id`,
      [enrollments[name], leads[name], step, channel, channel === 'email' ? mailbox.id : null, at, delivery],
    );
    return rows[0]!.id;
  };
  const event = (name: string, type: string, at: string, data: object = {}, channel: string | null = null) =>
    db.query(
      'insert into lead_events (lead_id, enrollment_id, type, channel, at, data) values ($1, $2, $3, $4, $5, $6)',
      [leads[name], enrollments[name], type, channel, at, data],
    );
  const message = (name: string, channel: string, at: string, touchId: string | null, as: string) =>
    db.query(
      `insert into messages (lead_id, channel, touch_id, at, class, class_by) values ($1, $2, $3, $4, $5, 'person')`,
      [leads[name], channel, touchId, at, as],
    );
  const hit = (name: string, touchId: string, kind: string, by: string) =>
    db.query(
      `insert into hits (touch_id, lead_id, kind, link, by, why, at, last_at) values ($1, $2, $3, 0, $4, $5, '2026-03-02T10:00Z', '2026-03-02T10:00Z')`,
      [touchId, leads[name], kind, by, by === 'machine' ? 'soon' : ''],
    );

  const hello = await touch('ada', 'hello', 'email', '2026-03-02T09:00Z');
  await hit('ada', hello, 'open', 'person');
  await hit('ada', hello, 'click', 'person');
  await event('ada', 'opened', '2026-03-02T10:00Z', { touchId: hello }, 'email');
  await event('ada', 'clicked', '2026-03-02T10:00Z', { touchId: hello }, 'email');
  const nudge = await touch('ada', 'nudge', 'linkedin', '2026-03-04T10:00Z');
  await message('ada', 'linkedin', '2026-03-05T08:00Z', nudge, 'interested');
  await event('ada', 'replied', '2026-03-05T08:00Z', {}, 'linkedin');
  await event('ada', 'meeting_booked', '2026-03-06T08:00Z');
  await event('ada', 'deal.won', '2026-03-20T08:00Z', { amount: 5000, currency: 'eur' });

  await touch('bo', 'hello', 'email', '2026-03-02T23:30Z', 'bounced');

  const cold = await touch('cy', 'hello', 'email', '2026-03-03T09:00Z');
  await hit('cy', cold, 'open', 'machine');
  const ring = await touch('cy', 'ring', 'call', '2026-03-05T09:00Z');
  await db.query(
    `insert into tasks (enrollment_id, lead_id, touch_id, kind, title, body, state, outcome, due_at, created_at, done_at)
     values ($1, $2, $3, 'call', '', '', 'done', 'connected', '2026-03-05', '2026-03-05', '2026-03-05T09:00Z')`,
    [enrollments.cy, leads.cy, ring],
  );
  await message('cy', 'email', '2026-03-06T09:00Z', null, 'other');
  await event('cy', 'replied', '2026-03-06T09:00Z', {}, 'email');

  await touch('di', 'hello', 'email', '2026-03-03T10:00Z');
  await event('di', 'unsubscribed', '2026-03-04T10:00Z', {}, 'email');

  await touch('ed', 'hello', 'email', '2026-02-20T10:00Z');
  await event('ed', 'session.started', '2026-03-10T10:00Z');
  await event('ed', 'deal.won', '2026-03-25T10:00Z', { amount: '900', currency: 'USD', deal_id: '7' });
  await event('ed', 'deal.won', '2026-03-25T11:00Z', { amount: '1000', currency: 'USD', deal_id: '7' });

  for (const id of Object.values(enrollments))
    await db.query(`update enrollments set status = 'stopped', ended_at = '2026-03-30' where id = $1`, [id]);
  return { launchId: launch.id, versionId: version.id, mailbox: mailbox.id, leads, enrollments } as Story;
}

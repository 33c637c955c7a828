/** A workspace that has worked for a year, made in SQL: the same at every run but for what the clock says. */
import { recountAll } from '../../db/analytics/recount.ts';
import type { Db, Tx } from '../../db/db.ts';
import { publish } from '../../db/sequences.ts';
import { parseSequence } from '../../sequences/language/index.ts';

export interface Size {
  readonly leads: number;
  readonly touches: number;
}

export const SEQUENCES = 20;
/** The first so many sequences have a draft. */
export const DRAFTS = 5;
const LAUNCHES = 50;
const REPS = 40;

/** The n-th sequence, from 0. */
export const source = (n: number): string => `name: sequence-${n}
title: Sequence ${n}
steps:
  - { id: step1, email: { subject: Hello, body: 'Hello {{ lead.first_name | default: "there" }}, this is text ${n}.' } }
  - wait: 2 days
  - { id: step2, linkedin: { action: message, text: Hello } }
  - id: arms
    split:
      short: { weight: 50, steps: [{ id: step3, email: { subject: Again, body: Short } }] }
      long: { weight: 50, steps: [{ id: step3b, email: { subject: Again, body: Long } }] }
  - { id: step4, call: { script: Ask } }
  - { id: step5, email: { subject: Once more, body: Again } }
  - { id: step6, sms: { text: Hello } }
  - { id: step7, email: { subject: The last, body: Goodbye } }
  - { id: step8, task: { title: Look again } }
`;

/** Fills an empty, migrated database, and counts its analytics. The connection must be a superuser's: triggers and foreign keys rest. */
export async function seed(db: Db, size: Size): Promise<void> {
  const versions: string[] = [];
  for (let n = 0; n < SEQUENCES; n++)
    versions.push((await publish(db, parseSequence(source(n), `sequence-${n}.yaml`))).versionId);
  for (let n = 0; n < DRAFTS; n++)
    await db.query('insert into sequence_drafts (name, source) values ($1, $2)', [
      `sequence-${n}`,
      source(n),
    ]);
  await db.tx(async (tx) => {
    await tx.query(`set local session_replication_role = replica`);
    await tx.query(`set local statement_timeout = '20min'`);
    await tx.query('select setseed(0.5)');
    await tx.query(`create function pg_temp.key(kind text, n bigint) returns uuid language sql immutable parallel safe as
      $$ select overlay(overlay(md5(kind || n) placing '4' from 13 for 1) placing '8' from 17 for 1)::uuid $$`);
    await tx.query(
      `create function pg_temp.one(among text[]) returns text language sql volatile as $$ select among[1 + floor(random() * array_length(among, 1))::int] $$`,
    );
    await people(tx);
    await leads(tx, size);
    await walks(tx, size, versions);
    // Without figures about the rows, what follows would read all touches for each lead.
    await tx.query('analyze leads, enrollments, touches');
    await comesBack(tx, size);
    await work(tx, size);
    await crm(tx, size);
    await tx.query('insert into analytics_due (lead_id) select distinct lead_id from touches order by 1');
  });
  await db.query('vacuum analyze');
  await recountAll(db);
  await db.query('vacuum analyze');
}

/** 40 reps in 5 teams, 5 managers of teams and one of everybody, 4 admins; their senders. */
async function people(tx: Tx): Promise<void> {
  await tx.query(
    `insert into users (id, email, name, role, team, known_as)
     select pg_temp.key('user', n), case when n < ${REPS} then 'rep' when n < ${REPS + 6} then 'manager' else 'admin' end || n || '@acme.test',
       'Person ' || n, case when n < ${REPS} then 'rep' when n < ${REPS + 6} then 'manager' else 'admin' end,
       case when n < ${REPS + 5} then 'team ' || n % 5 end, case when n < ${REPS} then array['crm-' || n] else '{}' end
     from generate_series(0, 49) n`,
  );
  await tx.query(
    `insert into senders (id, channel, provider, name, address, owner, time_zone, caps)
     select pg_temp.key('sender', n), c, 'sandbox', 'Sender ' || n, case when c in ('email', 'linkedin') then c || n || '@acme.test' else '+49301234' || n end,
       'rep' || n % ${REPS} || '@acme.test', 'Europe/Berlin', '{"email": {"day": 200}}'
     from (select n, (array['email', 'email', 'linkedin', 'sms', 'call', 'whatsapp'])[1 + n % 6] as c from generate_series(0, 47) n) x`,
  );
  await tx.query(
    `insert into snippets (owner_id, name, text) select case when n % 2 = 0 then pg_temp.key('user', n % ${REPS}) end, 'Snippet ' || n, 'Hello'
     from generate_series(1, 60) n`,
  );
  await tx.query(
    `insert into api_keys (user_id, name, prefix, secret_hash, scopes) select pg_temp.key('user', n), 'key', 'cdz_' || n, digest(n::text, 'sha256'), '{}'
     from generate_series(0, 49) n`,
  );
}

/** Owners are skewed: the first rep has about a sixth of the leads, and one lead of ten is nobody's. */
async function leads(tx: Tx, { leads: count }: Size): Promise<void> {
  await tx.query(
    `insert into companies (id, domain, name) select pg_temp.key('company', n), 'company' || n || '.test', 'Company ' || n from generate_series(0, $1) n`,
    [Math.ceil(count / 5)],
  );
  await tx.query(
    `insert into leads (id, seed, external_id, first_name, last_name, title, company_id, company_name, emails, phones, linkedin_url, country,
       time_zone, owner, consent_status, attributes, created_at, updated_at)
     select pg_temp.key('lead', n), 'lead' || n, 'crm-' || n,
       pg_temp.one('{Ada,Grace,Jonas,Mehmet,Elif,Rosa,Ben,Yuki,Zeynep,Olga,Tom,Nina,Karl,Ines,Paul,Sara,Omar,Lena,Iris,Hugo}'),
       pg_temp.one('{Lovelace,Hopper,Yilmaz,Kaya,Demir,Lind,Weber,Tanaka,Novak,Ivanova,Smith,Fischer,Costa,Silva,Moreau,Rossi}') || '-' || n % 997,
       pg_temp.one('{CFO,CTO,Buyer,Head of Sales,Owner}'), pg_temp.key('company', n / 5), 'Company ' || n / 5, array['lead' || n || '@company' || n / 5 || '.test'],
       case when n % 3 = 0 then array['+4930' || 10000000 + n] else '{}' end,
       case when n % 2 = 0 then 'https://www.linkedin.com/in/lead-' || n end, pg_temp.one('{DE,DE,DE,GB,US,US,FR,TR,NL}'),
       pg_temp.one('{Europe/Berlin,Europe/London,America/New_York,Europe/Istanbul}'),
       case when random() > 0.1 then 'rep' || floor(${REPS} * random() ^ 2) || '@acme.test' end, pg_temp.one('{unknown,unknown,unknown,given,refused}'),
       jsonb_build_object('segment', pg_temp.one('{small,middle,large}'), 'employees', floor(random() * 5000)),
       now() - random() * interval '365 days', now() - random() * interval '200 days'
     from generate_series(1, $1) n`,
    [count],
  );
  await tx.query(
    `insert into lead_identities (kind, value, lead_id) select 'email', emails[1], id from leads union all select 'external', external_id, id from leads`,
  );
  await tx.query(
    `insert into lead_senders (lead_id, channel, sender_id) select pg_temp.key('lead', n), 'email', pg_temp.key('sender', n % 8 * 6) from generate_series(1, $1) n`,
    [count],
  );
  await tx.query(
    `insert into suppressions (id, identity_hash, kind, channel, reason, at) select pg_temp.key('suppression', n), digest('no' || n, 'sha256'), 'email', null,
       pg_temp.one('{unsubscribed,bounced,asked}'), now() - random() * interval '365 days' from generate_series(1, $1) n`,
    [Math.ceil(count / 20)],
  );
}

/** Launches week by week, one and a half enrollments a lead, and the touches of each in a row of days. */
async function walks(tx: Tx, { leads: count, touches }: Size, versions: readonly string[]): Promise<void> {
  await tx.query(
    `insert into launches (id, version_id, name, status, time_zone, created_at, created_by)
     select pg_temp.key('launch', n), ($1::uuid[])[1 + n % ${SEQUENCES}], 'Launch ' || n, case when n % 9 = 0 then 'stopped' else 'running' end, 'Europe/Berlin',
       now() - (${LAUNCHES} - n) * interval '7 days', pg_temp.key('user', n % 50) from generate_series(0, ${LAUNCHES - 1}) n`,
    [versions],
  );
  const enrollments = Math.ceil(count * 1.5);
  // The first of each lead may still be under way; what came before has ended.
  await tx.query(
    `insert into enrollments (id, launch_id, lead_id, version_id, status, reason, next_action, next_at, held, engine, created_at, started_at, ended_at)
     select pg_temp.key('enrollment', n), l.id, pg_temp.key('lead', case when n <= $2 then n else 1 + (n * 7919) % $2 end), l.version_id, stands,
       case stands when 'pending' then 'waits_for_capacity' when 'running' then 'waits_for_slot' when 'finished' then 'ended'
         else pg_temp.one('{replied,replied,unsubscribed,bounced,stopped_by_person,meeting_booked}') end,
       case when stands = 'running' then 'email' end, case when stands = 'running' then now() + random() * interval '5 days' end,
       stands = 'running' and n % 40 = 0,
       case when stands <> 'pending' then jsonb_build_object('state', jsonb_build_object('format', 1, 'step', 'step' || 1 + n % 7)) end,
       l.created_at + random() * interval '1 day', case when stands <> 'pending' then l.created_at + (0.1 + random() * 3) * interval '1 day' end,
       case when stands in ('finished', 'stopped') then least(now(), l.created_at + interval '22 days') end
     from (
       select n, launch, case when n > $2 or launch < ${LAUNCHES - 12} then case when h < 0.6 then 'finished' else 'stopped' end
         when h < 0.1 then 'pending' when h < 0.6 then 'running' when h < 0.8 then 'finished' else 'stopped' end as stands
       from (select n, floor(${LAUNCHES} * random() ^ 0.7)::int as launch, random() as h from generate_series(1, $1) n) x) x
     join launches l on l.id = pg_temp.key('launch', launch)`,
    [enrollments, count],
  );
  await tx.query(
    `insert into touches (id, enrollment_id, lead_id, step_id, visit, attempt, channel, action, sender_id, state, slot_at, local_day, at, reason, detail,
       copy_revision, content, recipient, provider_id, message_id, delivery, created_at)
     select pg_temp.key('touch', t), e.id, e.lead_id, case when s = 3 and n % 2 = 0 then 'step3b' else 'step' || s end, 1, 1, channel, case channel when 'linkedin' then 'message' else channel end,
       pg_temp.key('sender', n % 8 * 6 + case channel when 'email' then 0 when 'linkedin' then 2 when 'call' then 4 else 3 end), state, slot, slot::date,
       case when state in ('sent', 'failed', 'skipped', 'unconfirmed') then slot end, case when state = 'skipped' then 'no_address' when state = 'failed' then 'refused' end, null,
       1, case when state = 'sent' then jsonb_build_object('subject', 'Hello', 'text', 'This is what was sent, with a sentence or two in it, as texts have.') end,
       'lead' || n || '@company.test', 'p' || t, case when channel = 'email' then '<' || t || '@acme.test>' end,
       case when state = 'sent' then case when h < 0.02 then 'bounced' when h < 0.8 then 'delivered' end end, slot
     from (
       select x.*, e.id, e.lead_id, e.launch_id, (array['email', 'linkedin', 'email', 'call', 'email', 'sms', 'email', 'task'])[s] as channel,
         case when e.status = 'running' and last then now() + (0.1 + random() * 3) * interval '1 day'
           when e.started_at + (s - 1) * 2.8 * interval '1 day' + h * interval '6 hours' > now() then e.started_at + (now() - e.started_at) * (s - 1 + h) / 8
           else e.started_at + (s - 1) * 2.8 * interval '1 day' + h * interval '6 hours' end as slot,
         case when e.status = 'running' and last then 'booked' when h < 0.03 then 'failed' when h < 0.09 then 'skipped' when h < 0.092 then 'unconfirmed'
           else 'sent' end as state
       from (
         select n, 1 + t - first as s, t, t = upto as last, random() as h from (
           select n, floor((n - 1) * $2::numeric / $1)::bigint + 1 as first, floor(n * $2::numeric / $1)::bigint as upto from generate_series(1, $1) n) r,
           generate_series(first, least(upto, first + 7)) t) x
       join enrollments e on e.id = pg_temp.key('enrollment', n) and e.started_at is not null) e`,
    [enrollments, touches],
  );
  await tx.query(
    `insert into decisions (enrollment_id, lead_id, at, step_id, kind, reason)
     select id, lead_id, started_at + interval '2 days', 'arms', 'arm', pg_temp.one('{short,long}') from enrollments where started_at is not null`,
  );
}

/** What leads did, said and were answered. */
async function comesBack(tx: Tx, { leads: count }: Size): Promise<void> {
  await tx.query(
    `insert into lead_events (lead_id, enrollment_id, type, channel, at, data)
     select e.lead_id, e.id, type, 'email', least(e.started_at + random() * interval '20 days', now()),
       case when type = 'deal.won' then jsonb_build_object('amount', (random() * 9000)::int::text, 'currency', 'EUR') else '{}' end
     from (select pg_temp.key('enrollment', 1 + floor(random() * $2)::int) as id, pg_temp.one('{opened,opened,opened,opened,opened,opened,opened,opened,clicked,clicked,
       clicked,replied,replied,bounced,session.started,session.started,contact.created,contact.qualified,meeting_booked,deal.won,unsubscribed}') as type
       from generate_series(1, $1)) x join enrollments e on e.id = x.id and e.started_at is not null`,
    [count * 3, Math.ceil(count * 1.5)],
  );
  await tx.query(
    `insert into hits (touch_id, lead_id, kind, link, by, at, last_at)
     select id, lead_id, case when random() < 0.7 then 'open' else 'click' end, 0, 'person', at + interval '3 hours', at + interval '3 hours'
     from touches where channel = 'email' and state = 'sent' and random() < 0.2`,
  );
  // One lead of five has a conversation; one message of four waits.
  await tx.query(
    `insert into messages (lead_id, maybe_lead_id, channel, sender_id, touch_id, at, address, body, class, class_by, matched_by, settled)
     select case when random() > 0.02 then t.lead_id end, t.lead_id, t.channel, t.sender_id, t.id, least(t.at + random() * interval '5 days', now()), 'lead@company.test',
       repeat('This is what they wrote. ', 12), pg_temp.one('{interested,not_now,not_interested,other,other,out_of_office}'), 'rule', 'address', random() > 0.25
     from (select pg_temp.key('lead', n * 5) as lead from generate_series(1, $1) n, generate_series(1, 2)) x
     join lateral (select * from touches where lead_id = x.lead and state = 'sent' and channel in ('email', 'linkedin', 'sms') limit 1) t on true`,
    [Math.ceil(count / 5)],
  );
  await tx.query(
    `insert into replies (lead_id, answers, channel, sender_id, state, body, sending_at, at)
     select lead_id, id, channel, sender_id, 'sent', 'Thank you.', at, at from messages where settled and lead_id is not null and random() < 0.5`,
  );
}

/** Tasks, open and done; the audit; pauses; imports. */
async function work(tx: Tx, { leads: count }: Size): Promise<void> {
  await tx.query(
    `insert into tasks (enrollment_id, lead_id, touch_id, kind, title, body, assignee, state, outcome, due_at, created_at, done_at)
     select t.enrollment_id, t.lead_id, t.id, pg_temp.one('{call,call,linkedin,task,review,failed}'), 'Something to do', 'Text', l.owner,
       case when h < 0.6 then 'open' when h < 0.95 then 'done' else 'cancelled' end, case when h between 0.6 and 0.95 then 'connected' end,
       case when h < 0.6 then now() + (random() * 20 - 15) * interval '1 day' else t.at end, t.slot_at, case when h >= 0.6 then t.slot_at + interval '1 hour' end
     from (select n, random() as h from generate_series(1, $1) n) x
     join lateral (select * from touches where lead_id = pg_temp.key('lead', n * 5) and at is not null order by at limit 1) t on true
     join leads l on l.id = t.lead_id`,
    [Math.ceil(count / 5)],
  );
  await tx.query(
    `insert into audit (at, user_id, who, action, target, request_id)
     select now() - ($1 - n) * interval '4 minutes', pg_temp.key('user', n % 50), 'Person ' || n % 50, 'leads.change', pg_temp.key('lead', n)::text, n::text
     from generate_series(1, $1) n`,
    [count],
  );
  await tx.query(
    `insert into pauses (scope, scope_id, reason, at) select 'lead', pg_temp.key('lead', n * 17), 'asked', now() from generate_series(1, $1) n`,
    [Math.ceil(count / 500)],
  );
  await tx.query(
    `insert into imports (user_id, name, state, size, created_at, done_at)
     select pg_temp.key('user', n % 50), 'file.csv', 'done', 1000, now() - n * interval '1 day', now() from generate_series(1, 100) n`,
  );
}

async function crm(tx: Tx, { leads: count }: Size): Promise<void> {
  await tx.query(
    `insert into endpoints (id, url, secrets) select pg_temp.key('endpoint', n), 'https://crm.test/' || n, '[]' from generate_series(0, 2) n`,
  );
  await tx.query(
    `insert into callbacks (event_id, type, lead_id, lead_seq, payload)
     select 'event' || n, 'touch.sent', pg_temp.key('lead', n), 1, '{"type": "touch.sent", "data": {"step": "step1"}}' from generate_series(1, $1) n`,
    [count],
  );
  await tx.query(
    `insert into deliveries (endpoint_id, callback_id, lead_id, state, attempts, last_status, delivered_at)
     select pg_temp.key('endpoint', n), c.id, c.lead_id, case when c.id % 200 = 0 then 'parked' else 'delivered' end, 1, 200, now()
     from callbacks c, generate_series(0, 2) n`,
  );
  await tx.query(
    'insert into delivery_attempts (delivery_id, status, ms) select id, 200, 30 from deliveries',
  );
  await tx.query(
    `insert into inbound (source, kind, dedupe_key, received_at, state, result) select 'events', 'deal.won', 'in' || n, now() - n * interval '1 minute', 'done', 'stored'
     from generate_series(1, $1) n`,
    [Math.ceil(count / 10)],
  );
}

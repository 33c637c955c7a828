-- Analytics: what each touch brought, and which touches led to sessions, contacts and sales. Derived from the other tables,
-- lead by lead (db/analytics/recount.ts), so that a year of them is counted while somebody waits.

-- Leads of whom something changed that is not counted yet. Rows are only added and taken away: nobody waits for anybody here.
create table analytics_due (
  id bigint generated always as identity primary key,
  lead_id uuid not null
);
create index analytics_due_lead on analytics_due (lead_id);
create function count_again() returns trigger language plpgsql as $$
begin
  insert into analytics_due (lead_id) values (new.lead_id);
  return null;
end $$;
create function count_lead_again() returns trigger language plpgsql as $$
begin
  insert into analytics_due (lead_id) values (new.id);
  return null;
end $$;
create trigger count_new after insert on touches for each row
  when (new.state in ('sent', 'failed', 'skipped', 'unconfirmed')) execute function count_again();
create trigger count_changed after update on touches for each row
  when (new.state in ('sent', 'failed', 'skipped', 'unconfirmed')
    and (new.state, new.delivery, new.at, new.sender_id) is distinct from (old.state, old.delivery, old.at, old.sender_id))
  execute function count_again();
create trigger count_new after insert on hits for each row when (new.by = 'person') execute function count_again();
create trigger count_changed after update on hits for each row
  when (new.by = 'person' and old.by is distinct from new.by) execute function count_again();
create trigger count_new after insert on messages for each row when (new.lead_id is not null) execute function count_again();
create trigger count_changed after update on messages for each row
  when (new.lead_id is not null and (new.lead_id, new.class, new.touch_id) is distinct from (old.lead_id, old.class, old.touch_id))
  execute function count_again();
create trigger count_new after insert on lead_events for each row
  when (new.type in ('replied', 'opened', 'clicked', 'unsubscribed', 'meeting_booked',
    'session.started', 'contact.created', 'contact.qualified', 'deal.won')) execute function count_again();
create trigger count_new after insert on decisions for each row when (new.kind = 'arm') execute function count_again();
create trigger count_changed after update on enrollments for each row
  when (new.status in ('finished', 'stopped') and old.status <> new.status) execute function count_again();
create trigger count_changed after update on leads for each row
  when ((new.owner, new.erased_at) is distinct from (old.owner, old.erased_at)) execute function count_lead_again();

-- Numbers for what is long: rows below are narrow, or counting a year of them takes too long.
create table analytics_names (
  id integer generated always as identity primary key,
  -- owner: lower case; sender and launch: their ids.
  kind text not null check (kind in ('owner', 'sender', 'launch')),
  name text not null,
  unique (kind, name)
);
create table analytics_steps (
  id integer generated always as identity primary key,
  sequence text not null,
  step text not null,
  unique (sequence, step)
);

-- A row for each touch that went out or bounced. No foreign keys, here and below: counting holds no lead's row.
create table analytics_touches (
  lead_id uuid not null,
  -- When it went out, in minutes since 1970.
  minute integer not null,
  -- What came of it: see db/analytics/flags.ts.
  flags integer not null,
  step integer not null,
  launch integer not null,
  sender integer,
  owner integer,
  channel smallint not null
);
create index analytics_touches_lead on analytics_touches (lead_id);
create index analytics_touches_minute on analytics_touches (minute);

-- Sums of it, for whom a year of rows is too much: by quarters of an hour (slot: minute / 15), since local days of all zones are made of
-- them; and by weeks (block: minute / 10080) with one thing by which they are told apart (of: channel, step, sender or owner; 0: none).
create table analytics_slots (
  slot integer not null,
  flags integer not null,
  touches bigint not null,
  primary key (slot, flags)
);
create index analytics_slots_empty on analytics_slots (slot) where touches = 0;
create table analytics_blocks (
  of text not null,
  block integer not null,
  id integer not null,
  flags integer not null,
  touches bigint not null,
  primary key (of, block, id, flags)
);
create index analytics_blocks_empty on analytics_blocks (block) where touches = 0;

-- A row for each step of each enrollment that is over, with what came after it; and how many such rows there are.
create table analytics_passed (
  lead_id uuid not null,
  step integer not null,
  -- 0: nobody's.
  owner integer not null,
  flags integer not null
);
create index analytics_passed_lead on analytics_passed (lead_id);
create table analytics_cohorts (
  step integer not null,
  owner integer not null,
  flags integer not null,
  leads bigint not null,
  primary key (step, owner, flags)
);

-- The same for each split of each enrollment: the arm that was taken, and what came after the first touch in it.
create table analytics_chosen (
  lead_id uuid not null,
  version_id uuid not null,
  step text not null,
  arm text not null,
  owner integer not null,
  flags integer not null
);
create index analytics_chosen_lead on analytics_chosen (lead_id);
create table analytics_arms (
  version_id uuid not null,
  step text not null,
  arm text not null,
  owner integer not null,
  flags integer not null,
  leads bigint not null,
  primary key (version_id, step, arm, owner, flags)
);

-- Sessions (1), contacts (2), qualified contacts (3) and sales (4), each with the channels by which the lead was reached before:
-- touches by the same channel one after the other are one entry, `until` the minute of the last of them.
create table analytics_conversions (
  lead_id uuid not null,
  kind smallint not null,
  minute integer not null,
  owner integer,
  -- Of the last touch before it.
  step integer,
  channels smallint[] not null,
  until integer[] not null,
  amount numeric,
  currency text
);
create index analytics_conversions_lead on analytics_conversions (lead_id);
create index analytics_conversions_kind on analytics_conversions (kind, minute);

-- Where those stand who are on their way.
alter table enrollments add column step text generated always as (engine #>> '{state,step}') stored;
create index enrollments_standing on enrollments (version_id, step, lead_id) where status in ('pending', 'running');

-- Everybody who was reached before this table was there.
insert into analytics_due (lead_id) select distinct lead_id from touches where state in ('sent', 'failed', 'skipped', 'unconfirmed')
  union select lead_id from decisions where kind = 'arm'
  union select lead_id from lead_events where type in ('deal.won', 'contact.qualified', 'session.started', 'contact.created');

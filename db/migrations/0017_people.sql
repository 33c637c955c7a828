-- Leads that change hands, people on leave, days on which the company is closed, and what is erased in time.

-- A decision may also be about a lead that is in no sequence.
alter table decisions alter column enrollment_id drop not null;
create index decisions_lead on decisions (lead_id, id) where enrollment_id is null;
create index decisions_handed_over on decisions (lead_id, id) where kind = 'handed_over';

-- Somebody is away for some days. Their leads wait (a pause, below), or a colleague has their tasks and conversations.
create table absences (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users on delete cascade,
  -- The first and the last day, in this zone.
  from_day date not null,
  to_day date not null check (to_day >= from_day),
  time_zone text not null,
  -- The same as instants of business time: in force from from_at, until before until_at. Ending it early moves until_at.
  from_at timestamptz not null,
  until_at timestamptz not null,
  -- null: the leads wait.
  colleague_id uuid references users check (colleague_id <> user_id),
  -- Counts changes, for ETags.
  version integer not null default 1
);
create index absences_user on absences (user_id, until_at);
create index absences_until on absences (until_at);

-- Whether an owner's, assignee's or sender's name means whom the absence is of.
create function is_absent(absence uuid, called text) returns boolean
  language sql stable
  return exists (select from absences a join users u on u.id = a.user_id
    where a.id = absence and lower(called) = any(array[u.email, lower(u.name)] || u.known_as));

-- A pause may begin later and end by itself; `absence` covers what its user owns and what goes out from the user's senders.
alter table pauses drop constraint pauses_scope_check;
alter table pauses add constraint pauses_scope_check
  check (scope in ('all', 'launch', 'sender', 'company', 'lead', 'absence'));
alter table pauses add column from_at timestamptz;
alter table pauses add column until_at timestamptz;
create index pauses_timed on pauses (until_at) where ended_at is null and until_at is not null;
create view pauses_in_force as
  select * from pauses where ended_at is null
    and (from_at is null or from_at <= business_now()) and (until_at is null or until_at > business_now());

-- Days on which the company is closed everywhere or in a country, and holidays that it does not keep:
-- [{"name": "Closing week", "country": null, "from": "2026-12-24", "to": "2026-12-31", "kind": "off"}].
alter table workspace add column days_off jsonb not null default '[]';
alter table workspace add column days_off_version integer not null default 1;

-- After how many months leads without activity and without consent are erased, and entries of the audit deleted; null: never.
alter table workspace add column erase_inactive_months integer check (erase_inactive_months between 3 and 120);
alter table workspace add column audit_months integer check (audit_months between 3 and 120);
alter table workspace add column retention_version integer not null default 1;
-- Who may have been inactive for long, the oldest first.
create index leads_oldest on leads (updated_at, id) where erased_at is null and consent_status <> 'given';
create index audit_at on audit (at);

-- Finding leads by parts of words, among 100,000 of them; and files of leads that are imported over HTTP.

create extension if not exists pg_trgm;

-- What people look for a lead by. One function, so that the index and the query say the same.
create function lead_words(first_name text, last_name text, company_name text, emails text[]) returns text
  language sql immutable parallel safe
  return lower(coalesce(first_name, '') || ' ' || coalesce(last_name, '') || ' ' || coalesce(company_name, '') || ' ' || emails::text);
create index leads_words on leads using gin (lead_words(first_name, last_name, company_name, emails) gin_trgm_ops) where erased_at is null;

-- Lists in the order of names and companies.
create function lead_sort_name(first_name text, last_name text) returns text
  language sql immutable parallel safe
  return lower(coalesce(last_name, '') || ' ' || coalesce(first_name, ''));
create index leads_by_name on leads (lead_sort_name(first_name, last_name), id) where erased_at is null;
create index leads_by_company on leads (lower(coalesce(company_name, '')), id) where erased_at is null;
-- An owner's leads, the newest first: a rep's own list.
create index leads_owner_newest on leads (lower(owner), created_at desc, id desc) where erased_at is null;
-- Who did something lately.
create index lead_events_type on lead_events (type, at, lead_id);

-- What changes with each edit by a person: the version that an ETag says.
alter table leads add column version integer not null default 1;

create table imports (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users,
  name text not null,
  state text not null default 'uploaded' check (state in ('uploaded', 'running', 'done', 'failed')),
  size integer not null,
  -- The file, until it was imported or a day has passed; so are the rows that were not taken.
  content bytea,
  rejects text,
  -- Rows read so far; who works on it says so again every few seconds (wall clock), so that a process that ended is noticed.
  rows_done integer not null default 0,
  phase text,
  seen_at timestamptz,
  report jsonb,
  error text,
  lead_ids uuid[],
  created_at timestamptz not null default clock_timestamp(),
  done_at timestamptz
);
create index imports_newest on imports (created_at desc, id desc);
create index imports_kept on imports (created_at) where content is not null or rejects is not null;

-- Suppressions, the newest first.
create index suppressions_newest on suppressions (at desc, id desc);

-- Cadenza's schema. Instants are business time (business_now()) unless the column says wall.
-- Lock order, everywhere: workspace, launch, sender, company, lead, enrollment, then what belongs to it.

create extension if not exists pgcrypto;

-- ── clock ────────────────────────────────────────────────────────────────────────────────────────────
-- Business time = business_anchor + (wall − wall_anchor) × speed, never past `ceiling`. In production speed is 1 and ceiling null.
create table clock (
  singleton boolean primary key default true check (singleton),
  wall_anchor timestamptz not null default now(),
  business_anchor timestamptz not null default now(),
  speed double precision not null default 1 check (speed >= 0),
  ceiling timestamptz
);
insert into clock default values;

create function business_now() returns timestamptz language sql volatile as $$
  select case when speed = 1 and ceiling is null and wall_anchor = business_anchor then clock_timestamp()
    else least(business_anchor + make_interval(secs => extract(epoch from clock_timestamp() - wall_anchor) * speed), coalesce(ceiling, 'infinity')) end
  from clock
$$;

-- ── scopes that can forbid a touch ──────────────────────────────────────────────────────────────────
create table workspace (
  singleton boolean primary key default true check (singleton),
  -- Where a consent is needed before a channel may be used: {"DE": ["email", "sms"], "*": []}.
  consent_policy jsonb not null default '{}'
);
insert into workspace default values;

create table senders (
  id uuid primary key default gen_random_uuid(),
  channel text not null check (channel in ('email', 'linkedin', 'sms', 'whatsapp', 'call', 'task')),
  provider text not null,
  name text not null,
  address text not null,
  owner text,
  time_zone text not null,
  attributes jsonb not null default '{}',
  -- Provider settings that are not secret (host, port, base URL, account id).
  settings jsonb not null default '{}',
  -- AES-256-GCM envelope (common/crypto): "v1.<key id>.<iv>.<tag>.<data>"; null: none needed.
  credentials text,
  -- {"email": {"day": 50}, "invite": {"day": 20, "week": 100}}; an action that is missing is not capped.
  caps jsonb not null default '{}',
  -- {"start": 5, "add_per_day": 5, "from": "2026-01-31"}: the day cap grows to its value; null: no ramp-up.
  ramp_up jsonb,
  min_gap_seconds integer not null default 60 check (min_gap_seconds >= 0),
  jitter_seconds integer not null default 120 check (jitter_seconds >= 0),
  broken_reason text,
  broken_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  unique (channel, address)
);

create table companies (
  id uuid primary key default gen_random_uuid(),
  external_id text unique,
  -- Registrable domain, lower case; never a freemail one.
  domain text unique,
  name text,
  time_zone text
);

create table leads (
  id uuid primary key default gen_random_uuid(),
  seed text not null,
  external_id text unique,
  first_name text, last_name text, title text,
  company_id uuid references companies,
  company_name text,
  emails text[] not null default '{}',
  phones text[] not null default '{}',
  linkedin_url text,
  country text check (country ~ '^[A-Z]{2}$'),
  locale text,
  time_zone text,
  preferred_channel text check (preferred_channel in ('email', 'linkedin', 'sms', 'whatsapp', 'call')),
  persona text,
  owner text,
  consent_status text not null default 'unknown' check (consent_status in ('unknown', 'given', 'refused')),
  consent_source text,
  consent_at timestamptz,
  attributes jsonb not null default '{}',
  last_whatsapp_in_at timestamptz,
  -- Number of the last CRM callback about this lead; taken under this row's lock, so callbacks have an order per lead.
  callback_seq bigint not null default 0,
  erased_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp()
);
create index leads_company on leads (company_id) where company_id is not null;
-- Whom a suppressed number or an inbound message concerns.
create index leads_phones on leads using gin (phones);

-- The identities by which imports merge and replies are matched.
create table lead_identities (
  kind text not null check (kind in ('email', 'linkedin', 'external')),
  value text not null,
  lead_id uuid not null references leads on delete cascade,
  primary key (kind, value)
);
create index lead_identities_lead on lead_identities (lead_id);

-- Sticky senders: a lead keeps its sender per channel.
create table lead_senders (
  lead_id uuid not null references leads on delete cascade,
  channel text not null,
  sender_id uuid not null references senders,
  -- LinkedIn: since when they are connected, and the provider's own id of the person and of the chat.
  connected_at timestamptz,
  provider_lead_id text,
  provider_chat_id text,
  primary key (lead_id, channel)
);

-- Never contact again. Identities are kept as keyed hashes (HMAC-SHA-256), so they survive an erasure.
create table suppressions (
  id uuid primary key default gen_random_uuid(),
  identity_hash bytea not null,
  kind text not null check (kind in ('email', 'phone', 'linkedin', 'external', 'domain')),
  -- null: every channel.
  channel text,
  reason text not null,
  at timestamptz not null
);
create unique index suppressions_identity on suppressions (identity_hash, coalesce(channel, '*'));

-- A pause is one row; in force from the commit that locked its scope's row FOR UPDATE.
create table pauses (
  id uuid primary key default gen_random_uuid(),
  scope text not null check (scope in ('all', 'launch', 'sender', 'company', 'lead')),
  -- null for 'all'.
  scope_id uuid,
  reason text not null,
  at timestamptz not null,
  ended_at timestamptz,
  -- Up to which lead its callbacks were written and, once ended, its workflows woken (the sweep goes on from here).
  announced_to uuid,
  announced boolean not null default false,
  woken_to uuid,
  woken boolean not null default false,
  check ((scope = 'all') = (scope_id is null))
);
create unique index pauses_active on pauses (scope, coalesce(scope_id, '00000000-0000-0000-0000-000000000000')) where ended_at is null;
create index pauses_unfinished on pauses (at) where not announced or (ended_at is not null and not woken);

-- ── sequences ───────────────────────────────────────────────────────────────────────────────────────
create table sequence_versions (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  title text not null,
  structure_hash text not null,
  plan jsonb not null,
  settings jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  unique (name, structure_hash)
);

-- Copy is published explicitly; touches record the revision they used. The highest revision is current.
create table copy_revisions (
  version_id uuid not null references sequence_versions,
  revision integer not null check (revision > 0),
  -- json, not jsonb, which would sort the keys: a `message` takes the first channel that is written.
  copy json not null,
  copy_hash text not null,
  source text not null,
  published_at timestamptz not null default clock_timestamp(),
  primary key (version_id, revision)
);

create table launches (
  id uuid primary key default gen_random_uuid(),
  version_id uuid not null references sequence_versions,
  name text not null,
  status text not null default 'running' check (status in ('running', 'stopped')),
  -- Why it was stopped; its enrollments end with it, page by page.
  stop_reason text,
  time_zone text not null,
  -- Sender ids that this launch may use; null: what the sequence says.
  sender_ids uuid[],
  created_at timestamptz not null,
  -- When the pacer looks again whether more leads can start (business time); null: at once.
  next_look_at timestamptz
);

-- Who was left out of a launch, and why.
create table launch_exclusions (
  launch_id uuid not null references launches on delete cascade,
  lead_id uuid references leads on delete cascade,
  reason text not null check (reason in ('suppressed', 'already_active', 'no_reachable_channel', 'invalid', 'no_consent')),
  detail text not null default '',
  count integer not null default 1
);
create index launch_exclusions_launch on launch_exclusions (launch_id);

create table enrollments (
  id uuid primary key default gen_random_uuid(),
  launch_id uuid not null references launches,
  lead_id uuid not null references leads on delete cascade,
  version_id uuid not null references sequence_versions,
  -- The enrollment that a `reactivate` step of another sequence ended for this one.
  reactivated_from uuid references enrollments on delete set null,
  status text not null default 'pending' check (status in ('pending', 'running', 'finished', 'stopped')),
  -- Why it ended, or why it waits, in a word that `why` explains.
  reason text not null default 'waits_for_capacity',
  -- What comes next and when (business time); both null when only a person or an event can go on.
  next_action text,
  next_at timestamptz,
  held boolean not null default false,
  -- {state, command} of the engine after the last transition; null before the first.
  engine jsonb,
  revision bigint not null default 0,
  -- Last inbox entry there is, and last one that the engine took in.
  inbox_seq bigint not null default 0,
  seen bigint not null default 0,
  created_at timestamptz not null,
  started_at timestamptz,
  ended_at timestamptz,
  -- Wall clock of the last transition: what the sweep measures silence by.
  touched_wall timestamptz not null default clock_timestamp(),
  -- Stopped while its workflow slept: the workflow has not been told yet, and ends when it is.
  wake_owed boolean not null default false
);
create index enrollments_owed on enrollments (id) where wake_owed;
-- One active enrollment a lead.
create unique index enrollments_active on enrollments (lead_id) where status in ('pending', 'running');
-- The pacer takes the next leads of a launch in order; the sweep finds the overdue.
create index enrollments_pending on enrollments (launch_id, created_at, id) where status = 'pending';
create index enrollments_due on enrollments (next_at) where status = 'running' and next_at is not null;
-- What the sweep wakes: news not taken in, and those that nothing but an event or the end of a pause moves on.
create index enrollments_unseen on enrollments (id) where status = 'running' and inbox_seq > seen;
create index enrollments_still on enrollments (id) where status = 'running' and next_at is null and not held;
create index enrollments_launch on enrollments (launch_id, status);
create index enrollments_lead on enrollments (lead_id);
-- Started, but not yet booked: whom the pacer counts against today's capacity.
create index enrollments_starting on enrollments (launch_id) where status = 'running' and engine is null;

-- ── touches ─────────────────────────────────────────────────────────────────────────────────────────
-- One attempt to reach one lead by one step (promise 1). A slot is the row in state `booked`.
create table touches (
  id uuid primary key default gen_random_uuid(),
  enrollment_id uuid not null references enrollments on delete cascade,
  lead_id uuid not null references leads on delete cascade,
  step_id text not null,
  visit integer not null,
  attempt integer not null,
  channel text not null,
  action text not null,
  -- null while no sender or address is known: the touch then has a time but takes no capacity.
  sender_id uuid references senders,
  state text not null check (state in ('booked', 'sending', 'sent', 'failed', 'skipped', 'unconfirmed', 'task', 'cancelled')),
  slot_at timestamptz not null,
  -- From when a slot was asked for: the same question again gets the same slot.
  not_before timestamptz,
  -- The sender's local day that the slot counts against.
  local_day date not null,
  sending_at timestamptz,
  -- Wall clock: when the process that sends must have answered by.
  lease_until timestamptz,
  lease_owner text,
  at timestamptz,
  -- Refused for now: from when the next attempt may be made; null: there is none.
  retry_at timestamptz,
  -- Why not: a skip reason or an error code, and for people a sentence (may quote the provider).
  reason text,
  detail text,
  copy_revision integer,
  -- What was sent, as rendered; erased with the lead.
  content jsonb,
  recipient text,
  provider_id text,
  provider_thread_id text,
  message_id text,
  delivery text,
  created_at timestamptz not null default clock_timestamp(),
  unique (enrollment_id, step_id, visit, attempt),
  check (state <> 'sending' or (lease_until is not null and sending_at is not null and sender_id is not null or action = 'webhook'))
);
-- Caps and gaps: a sender's day.
create index touches_sender_day on touches (sender_id, local_day) where state in ('booked', 'sending', 'sent', 'unconfirmed', 'task');
create index touches_lead on touches (lead_id, at);
create index touches_leases on touches (lease_until) where state = 'sending';
create unique index touches_message_id on touches (message_id) where message_id is not null;

create table tasks (
  id uuid primary key default gen_random_uuid(),
  enrollment_id uuid not null references enrollments on delete cascade,
  lead_id uuid not null references leads on delete cascade,
  touch_id uuid not null references touches on delete cascade,
  kind text not null check (kind in ('call', 'task', 'linkedin', 'review', 'failed')),
  title text not null,
  body text not null,
  link text,
  assignee text,
  state text not null default 'open' check (state in ('open', 'done', 'cancelled')),
  outcome text,
  note text,
  due_at timestamptz not null,
  give_up_at timestamptz,
  created_at timestamptz not null,
  done_at timestamptz
);
create unique index tasks_open_touch on tasks (touch_id, kind) where state = 'open';
create index tasks_open on tasks (due_at, id) where state = 'open';
create index tasks_enrollment on tasks (enrollment_id);

-- What came back and what people commanded, per enrollment; numbered under the enrollment's lock.
create table inbox (
  seq bigint generated always as identity primary key,
  enrollment_id uuid not null references enrollments on delete cascade,
  -- An InboxEvent of sequences/engine/types.ts without `seq` and `at`: no personal data.
  event jsonb not null,
  at timestamptz not null,
  at_wall timestamptz not null default clock_timestamp()
);
create index inbox_enrollment on inbox (enrollment_id, seq);

-- What happened to a lead, from whatever source; the profile's history and the conditions' facts.
create table lead_events (
  id uuid primary key default gen_random_uuid(),
  lead_id uuid not null references leads on delete cascade,
  enrollment_id uuid references enrollments on delete set null,
  type text not null,
  channel text,
  at timestamptz not null,
  data jsonb not null default '{}',
  -- The source's own id: the same one twice changes nothing.
  dedupe_key text unique
);
create index lead_events_lead on lead_events (lead_id, at);

create table decisions (
  id bigint generated always as identity primary key,
  enrollment_id uuid not null references enrollments on delete cascade,
  lead_id uuid not null references leads on delete cascade,
  at timestamptz not null,
  step_id text,
  kind text not null,
  reason text not null,
  detail text
);
create index decisions_enrollment on decisions (enrollment_id, id);

-- ── CRM callbacks (promise 9) ───────────────────────────────────────────────────────────────────────
create table endpoints (
  id uuid primary key default gen_random_uuid(),
  url text not null,
  -- Empty: every type.
  types text[] not null default '{}',
  -- [{secret: <envelope>, expires_at: <wall ISO or null>}], newest first; two valid ones during a rotation.
  secrets jsonb not null,
  -- Held until (wall) after network errors, 5xx and 429; disabled after 410.
  held_until timestamptz,
  hold_failures integer not null default 0,
  hold_reason text,
  disabled_at timestamptz,
  disabled_reason text,
  -- Which process delivers, and until when (wall) unless it renews: one at a time, or the order per lead would be lost.
  drain_owner text,
  drain_until timestamptz,
  created_at timestamptz not null default clock_timestamp()
);

create table callbacks (
  -- In commit order per lead, because it is taken under the lead's lock.
  id bigint generated always as identity primary key,
  -- webhook-id: stable over every retry and replay.
  event_id text not null unique,
  type text not null,
  lead_id uuid not null,
  lead_seq bigint not null,
  payload jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  unique (lead_id, lead_seq)
);

create table deliveries (
  id bigint generated always as identity primary key,
  endpoint_id uuid not null references endpoints on delete cascade,
  callback_id bigint not null references callbacks on delete cascade,
  lead_id uuid not null,
  state text not null default 'pending' check (state in ('pending', 'delivered', 'parked')),
  attempts integer not null default 0,
  last_status integer,
  last_error text,
  delivered_at timestamptz,
  unique (endpoint_id, callback_id)
);
create index deliveries_pending on deliveries (endpoint_id, callback_id) where state = 'pending';
create index deliveries_callback on deliveries (callback_id);

create table delivery_attempts (
  id bigint generated always as identity primary key,
  delivery_id bigint not null references deliveries on delete cascade,
  at timestamptz not null default clock_timestamp(),
  status integer,
  error text,
  ms integer not null
);
create index delivery_attempts_delivery on delivery_attempts (delivery_id);

-- ── erasure (promise 8) ─────────────────────────────────────────────────────────────────────────────
-- A touch may be on its way while its lead is erased, and what it brings back quotes the person: it is blanked on arrival.
create function blank_erased() returns trigger language plpgsql as $$
declare erased boolean;
begin
  if tg_op = 'INSERT' then
    -- Waits for an erasure that is under way, as the foreign key would, only before it looks.
    select erased_at is not null into erased from leads where id = new.lead_id for key share;
  else
    select erased_at is not null into erased from leads where id = new.lead_id;
  end if;
  if not coalesce(erased, false) then return new; end if;
  case tg_table_name
    when 'touches' then
      new.content := null; new.recipient := null; new.detail := null; new.provider_id := null; new.provider_thread_id := null;
    when 'tasks' then
      new.title := ''; new.body := ''; new.link := null; new.note := null;
    when 'lead_events' then
      new.data := '{}'; new.dedupe_key := null;
    when 'decisions' then
      new.detail := null;
    when 'lead_senders' then
      return null;
  end case;
  return new;
end $$;
create trigger blank_erased before insert or update on touches for each row execute function blank_erased();
create trigger blank_erased before insert or update on tasks for each row execute function blank_erased();
create trigger blank_erased before insert or update on lead_events for each row execute function blank_erased();
create trigger blank_erased before insert on decisions for each row when (new.detail is not null) execute function blank_erased();
create trigger blank_erased before insert or update on lead_senders for each row execute function blank_erased();

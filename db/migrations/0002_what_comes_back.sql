-- What comes back from leads and providers: stored first, understood afterwards; conversations; mailboxes; tracking.

-- ── the way in ──────────────────────────────────────────────────────────────────────────────────────
-- Whatever a mailbox, a webhook or a form brought, as it came. Answered 2xx, or marked as read, only when this row has committed.
create table inbound (
  id bigint generated always as identity primary key,
  source text not null check (source in ('mail', 'twilio', 'unipile', 'event')),
  -- What it is in the source's words: message, status, call_status, relation, account; of an event its type.
  kind text not null,
  -- The same thing delivered again changes nothing.
  dedupe_key text not null unique,
  -- Whose mailbox, account or number it came to, when the way in says so.
  sender_id uuid references senders on delete set null,
  payload jsonb not null default '{}',
  -- Mail: the message's bytes as far as they are kept, until the retention setting has them removed.
  raw bytea,
  received_at timestamptz not null,
  received_wall timestamptz not null default clock_timestamp(),
  state text not null default 'pending' check (state in ('pending', 'done', 'parked')),
  attempts integer not null default 0,
  -- Wall clock: when a failed one is tried again.
  retry_wall timestamptz not null default clock_timestamp(),
  error text,
  -- Whom it was found to concern; erased with them.
  lead_id uuid references leads on delete cascade,
  -- What came of it, in a word.
  result text,
  done_wall timestamptz
);
create index inbound_pending on inbound (retry_wall, id) where state = 'pending';
create index inbound_lead on inbound (lead_id) where lead_id is not null;
-- What retention looks for.
create index inbound_raw on inbound (received_wall) where raw is not null;

-- ── conversations ───────────────────────────────────────────────────────────────────────────────────
-- Both sides' messages that are no touches: what leads wrote, and what reps answered. Touches are the other half of a conversation.
create table messages (
  id uuid primary key default gen_random_uuid(),
  -- null: nobody was found; a person says whose it is.
  lead_id uuid references leads on delete cascade,
  suggested_lead_id uuid references leads on delete set null,
  direction text not null check (direction in ('in', 'out')),
  channel text not null check (channel in ('email', 'linkedin', 'sms', 'whatsapp', 'call')),
  sender_id uuid references senders on delete set null,
  -- The touch that it answers.
  touch_id uuid references touches on delete set null,
  -- Out: the message that it answers.
  answers_id uuid references messages on delete set null,
  inbound_id bigint references inbound on delete set null,
  at timestamptz not null,
  address text,
  subject text,
  -- Without quote and signature.
  body text not null default '',
  language text,
  -- In: what it is; out: null.
  class text check (class in ('interested', 'not_now', 'not_interested', 'wrong_person', 'out_of_office', 'bounce', 'unsubscribe', 'other')),
  class_by text check (class_by in ('rule', 'person')),
  matched_by text check (matched_by in ('message_id', 'thread', 'plus_address', 'address', 'domain', 'person')),
  -- Nobody has to answer it (any more): a machine wrote it, a person classed it, or it was answered.
  settled boolean not null default false,
  message_id text,
  provider_id text,
  thread_id text,
  -- Out: as of touches (promise 1); committed as `sending` before the provider is called.
  state text not null default 'received' check (state in ('received', 'sending', 'sent', 'failed', 'unconfirmed')),
  lease_until timestamptz,
  detail text,
  check ((direction = 'in') = (state = 'received')),
  check ((direction = 'in') = (class is not null))
);
create index messages_lead on messages (lead_id, at) where lead_id is not null;
create index messages_open on messages (at) where direction = 'in' and not settled;
create index messages_message_id on messages (message_id) where message_id is not null;
create index messages_sending on messages (lease_until) where state = 'sending';
create unique index messages_inbound on messages (inbound_id) where inbound_id is not null;

-- Message-IDs that a touch goes by besides its own: what a provider made of it, seen in the Sent folder.
create table touch_message_ids (
  message_id text primary key,
  touch_id uuid not null references touches on delete cascade
);
create index touch_message_ids_touch on touch_message_ids (touch_id);
create index touches_thread on touches (provider_thread_id) where provider_thread_id is not null;
create index touches_provider on touches (provider_id) where provider_id is not null;
-- Who was written to at an address lately, and a sender's last messages.
create index touches_sender_at on touches (sender_id, at desc) where state = 'sent';

-- What became of a touch after the provider took it: delivered, read, delayed, soft_bounced, bounced, complained, undelivered.
alter table touches add column delivery_at timestamptz, add column delivery_detail text;

-- ── mailboxes ───────────────────────────────────────────────────────────────────────────────────────
create table mailboxes (
  sender_id uuid primary key references senders on delete cascade,
  -- Who watches it, and until when (wall) everything that arrived is known to be stored; renewed while the connection is well.
  owner text,
  live_until timestamptz,
  -- Why it cannot be read at present, for people; null: it can.
  error text,
  error_at timestamptz,
  watched_since timestamptz not null default clock_timestamp()
);
create table mailbox_folders (
  sender_id uuid not null references mailboxes on delete cascade,
  folder text not null,
  uid_validity numeric not null,
  -- The highest UID that was stored or was there before watching began.
  last_uid bigint not null,
  -- Internal date (wall) up to which everything is stored: where a new UIDVALIDITY resumes.
  last_date timestamptz not null,
  primary key (sender_id, folder)
);

-- ── suppressions ────────────────────────────────────────────────────────────────────────────────────
-- What laid it down: START undoes only what its STOP did. Empty: nothing takes it back by itself.
alter table suppressions add column origin text not null default '';
drop index suppressions_identity;
create unique index suppressions_identity on suppressions (identity_hash, coalesce(channel, '*'), origin);
create index suppressions_origin on suppressions (origin) where origin <> '';

-- ── events from outside ─────────────────────────────────────────────────────────────────────────────
-- Systems that may post events; secrets as in endpoints: [{secret: <envelope>, expires_at}], newest first.
create table event_sources (
  id uuid primary key default gen_random_uuid(),
  name text not null unique,
  secrets jsonb not null,
  created_at timestamptz not null default clock_timestamp()
);

-- ── opens and clicks ────────────────────────────────────────────────────────────────────────────────
create table tracking_hits (
  id bigint generated always as identity primary key,
  touch_id uuid not null references touches on delete cascade,
  lead_id uuid not null references leads on delete cascade,
  kind text not null check (kind in ('open', 'click')),
  url text,
  at timestamptz not null,
  at_wall timestamptz not null default clock_timestamp(),
  -- Who it was taken to be: only a person's counts as opened or clicked.
  by text not null check (by in ('person', 'proxy', 'scanner')),
  why text,
  -- A keyed hash of the address it came from, to tell a burst of one scanner; nothing else of it is kept.
  client bytea,
  agent text
);
create index tracking_hits_touch on tracking_hits (touch_id, at_wall);
create index tracking_hits_lead on tracking_hits (lead_id);

-- ── reputation ──────────────────────────────────────────────────────────────────────────────────────
-- {"bounce_percent": 5, "complaints": 2}: what pauses the sender; a missing one has its default, 0 switches it off.
alter table senders add column limits jsonb not null default '{}';

-- ── retention ───────────────────────────────────────────────────────────────────────────────────────
-- Days that raw messages are kept; null: for ever.
alter table workspace add column raw_mail_days integer default 90 check (raw_mail_days >= 0);

create or replace function blank_erased() returns trigger language plpgsql as $$
declare erased boolean;
begin
  if new.lead_id is null then return new; end if;
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
      new.delivery_detail := null;
    when 'tasks' then
      new.title := ''; new.body := ''; new.link := null; new.note := null;
    when 'lead_events' then
      new.data := '{}'; new.dedupe_key := null;
    when 'decisions' then
      new.detail := null;
    when 'lead_senders', 'tracking_hits' then
      return null;
    when 'inbound' then
      new.payload := '{}'; new.raw := null; new.error := null;
    when 'messages' then
      new.address := null; new.subject := null; new.body := ''; new.detail := null; new.provider_id := null; new.thread_id := null;
      new.message_id := null;
  end case;
  return new;
end $$;
create trigger blank_erased before insert or update on inbound for each row execute function blank_erased();
create trigger blank_erased before insert or update on messages for each row execute function blank_erased();
create trigger blank_erased before insert on tracking_hits for each row execute function blank_erased();

-- What comes back from leads and providers: stored first, understood afterwards; and the conversations that it makes.

-- ── the way in ──────────────────────────────────────────────────────────────────────────────────────
-- Whatever a webhook brought, as it came. Answered 2xx only when this row has committed.
create table inbound (
  id bigint generated always as identity primary key,
  source text not null check (source in ('twilio', 'unipile')),
  -- What it is: message, status, relation, account.
  kind text not null,
  -- The same thing delivered again changes nothing.
  dedupe_key text not null unique,
  -- Whose account or number it came to.
  sender_id uuid references senders on delete set null,
  payload jsonb not null default '{}',
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

-- ── conversations ───────────────────────────────────────────────────────────────────────────────────
-- What leads wrote. Touches are the other side of a conversation.
create table messages (
  id uuid primary key default gen_random_uuid(),
  -- null: nobody was found; a person says whose it is.
  lead_id uuid references leads on delete cascade,
  channel text not null check (channel in ('email', 'linkedin', 'sms', 'whatsapp', 'call')),
  -- Ours, that it came to.
  sender_id uuid references senders on delete set null,
  -- The touch that it answers.
  touch_id uuid references touches on delete set null,
  inbound_id bigint references inbound on delete set null,
  at timestamptz not null,
  -- Who wrote: a number, a profile.
  address text,
  body text not null default '',
  class text not null check (class in ('interested', 'not_now', 'not_interested', 'wrong_person', 'out_of_office', 'bounce', 'unsubscribe', 'other')),
  class_by text not null check (class_by in ('rule', 'person')),
  matched_by text check (matched_by in ('thread', 'address', 'person')),
  -- Nobody has to answer it (any more).
  settled boolean not null default false,
  provider_id text,
  thread_id text
);
create index messages_lead on messages (lead_id, at) where lead_id is not null;
-- What waits for somebody, and what nobody is known to have written.
create index messages_open on messages (at) where not settled;
create unique index messages_inbound on messages (inbound_id) where inbound_id is not null;

-- Which touch a provider's report is about.
create index touches_provider on touches (provider_id) where provider_id is not null;
-- What became of a touch after the provider took it: delivered, read, undelivered, bounced, complained.
alter table touches add column delivery_at timestamptz, add column delivery_detail text;

-- ── suppressions ────────────────────────────────────────────────────────────────────────────────────
-- What laid it down: START undoes only what its STOP did. Empty: nothing takes it back by itself.
alter table suppressions add column origin text not null default '';
drop index suppressions_identity;
create unique index suppressions_identity on suppressions (identity_hash, coalesce(channel, '*'), origin);
create index suppressions_origin on suppressions (origin) where origin <> '';

-- ── erasure ─────────────────────────────────────────────────────────────────────────────────────────
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
    when 'lead_senders' then
      return null;
    when 'inbound' then
      new.payload := '{}'; new.error := null;
    when 'messages' then
      new.address := null; new.body := ''; new.provider_id := null; new.thread_id := null;
  end case;
  return new;
end $$;
create trigger blank_erased before insert or update on inbound for each row execute function blank_erased();
create trigger blank_erased before insert or update on messages for each row execute function blank_erased();

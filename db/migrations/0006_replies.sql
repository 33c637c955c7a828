-- What reps answer: the other side of a conversation beside touches. Like a touch, a reply is here before its provider is called.
create table replies (
  id uuid primary key default gen_random_uuid(),
  lead_id uuid not null references leads on delete cascade,
  -- The message that it answers.
  answers uuid references messages on delete set null,
  channel text not null check (channel in ('email', 'linkedin', 'sms', 'whatsapp')),
  sender_id uuid not null references senders,
  state text not null default 'sending' check (state in ('sending', 'sent', 'failed', 'unconfirmed')),
  -- Who asked for it to be sent only once.
  key text unique,
  recipient text,
  subject text,
  body text not null,
  -- What the provider knows it by, from before it leaves.
  message_id text,
  provider_id text,
  provider_thread_id text,
  sending_at timestamptz not null,
  at timestamptz,
  -- Wall clock: when the process that sends must have answered by.
  lease_until timestamptz,
  reason text,
  detail text
);
create index replies_lead on replies (lead_id, sending_at);
create index replies_leases on replies (lease_until) where state = 'sending';

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
    when 'replies' then
      new.recipient := null; new.subject := null; new.body := ''; new.key := null; new.detail := null;
      new.message_id := null; new.provider_id := null; new.provider_thread_id := null;
  end case;
  return new;
end $$;
create trigger blank_erased before insert or update on replies for each row execute function blank_erased();

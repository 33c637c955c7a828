-- A colleague's or a second address of a lead, recognised by its domain only: a person says whether it is the lead's answer.
alter table messages drop constraint messages_matched_by_check;
alter table messages add constraint messages_matched_by_check check (matched_by in ('thread', 'address', 'person', 'domain')) not valid;
alter table messages validate constraint messages_matched_by_check;
-- Whose it may be; a person's word makes it lead_id.
alter table messages add column maybe_lead_id uuid references leads on delete set null;
create index messages_maybe_lead on messages (maybe_lead_id) where maybe_lead_id is not null;

-- Raw messages that are kept for a while, by when they were understood.
create index inbound_raw on inbound (done_wall) where raw is not null and state = 'done';

-- Reputation: {"bounced_percent": 5, "complaints": 2}, from where on a sender is paused; what is missing is the usual one.
alter table senders add column reputation jsonb not null default '{}';
-- What the server refused at once as nobody's counts like what bounced later.
create index touches_sender_refused on touches (sender_id, at desc) where state = 'failed' and delivery = 'bounced';

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
      new.payload := '{}'; new.raw := null; new.error := null;
    when 'messages' then
      new.address := null; new.body := ''; new.provider_id := null; new.thread_id := null;
    when 'replies' then
      new.recipient := null; new.subject := null; new.body := ''; new.key := null; new.detail := null;
      new.message_id := null; new.provider_id := null; new.provider_thread_id := null;
  end case;
  return new;
end $$;

-- Opens and clicks of emails.

alter table inbound drop constraint inbound_source_check;
alter table inbound add constraint inbound_source_check check (source in ('mail', 'twilio', 'unipile', 'events', 'tracking'));

-- What was loaded and followed of a touch; repetitions are counted, so it is bounded by the links of the message. Nothing of the
-- request is kept: no address, no agent. A link's own address stands in touches.content, with which it is erased.
create table hits (
  id bigint generated always as identity primary key,
  touch_id uuid not null references touches on delete cascade,
  lead_id uuid not null references leads on delete cascade,
  kind text not null check (kind in ('open', 'click')),
  -- Of a click: which of the message's links, from 0; of an open 0.
  link integer not null check (link >= 0),
  -- null: it waits to be understood.
  by text check (by in ('person', 'machine')),
  -- Why it was taken for a machine's, in a word; empty: nothing spoke against a person.
  why text not null default '',
  at timestamptz not null,
  last_at timestamptz not null,
  count integer not null default 1,
  unique (touch_id, kind, link, why),
  check ((by is not null and by = 'machine') = (why <> ''))
);
create index hits_lead on hits (lead_id, at);

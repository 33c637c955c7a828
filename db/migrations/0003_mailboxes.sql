-- Mailboxes that are read: what comes back by email.

alter table inbound drop constraint inbound_source_check;
alter table inbound add constraint inbound_source_check check (source in ('mail', 'twilio', 'unipile'));
-- Mail: the message's first mebibyte, until it is understood.
alter table inbound add column raw bytea;
-- Whether everything that came to a mailbox is understood.
create index inbound_pending_mail on inbound (sender_id) where state = 'pending' and source = 'mail';

create table mailboxes (
  sender_id uuid primary key references senders on delete cascade,
  -- Who watches it, and until when (wall) nobody else may.
  owner text,
  owner_until timestamptz,
  -- Until when (wall) everything that arrived is known to be stored and understood; renewed while the connection is well.
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

-- Message-IDs that a touch goes by besides its own: what a provider made of it, seen in the Sent folder.
create table touch_message_ids (
  message_id text primary key,
  touch_id uuid not null references touches on delete cascade
);
create index touch_message_ids_touch on touch_message_ids (touch_id);
create index touches_thread on touches (provider_thread_id) where provider_thread_id is not null;

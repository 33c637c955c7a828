-- Events of other systems: who may tell them, and launches that enroll by them.

alter table inbound drop constraint inbound_source_check;
alter table inbound add constraint inbound_source_check check (source in ('mail', 'twilio', 'unipile', 'events'));
-- What other systems told last, and what came of it.
create index inbound_events on inbound (id desc) where source = 'events';

create table event_sources (
  name text primary key check (name ~ '^[a-z][a-z0-9-]{0,62}$'),
  -- [{secret: <envelope>, expires_at: <wall ISO or null>}], newest first; two valid ones during a rotation.
  secrets jsonb not null,
  created_at timestamptz not null default clock_timestamp()
);

-- A launch that stands open: events enroll their leads in it for as long as it runs.
alter table launches add column on_events boolean not null default false;
create index launches_on_events on launches (id) where on_events and status = 'running';

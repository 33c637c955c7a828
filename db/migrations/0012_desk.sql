-- The rep's desk: what is asked for each time that somebody looks at their tasks and their inbox.

-- Texts that reps put into answers.
create table snippets (
  id uuid primary key default gen_random_uuid(),
  -- null: everybody's.
  owner_id uuid references users on delete cascade,
  name text not null,
  text text not null,
  -- Counts changes, for ETags.
  version integer not null default 1
);
create unique index snippets_name on snippets (coalesce(owner_id, '00000000-0000-0000-0000-000000000000'), lower(name));

-- Tasks of one lead, and what was done last.
create index tasks_lead on tasks (lead_id);
create index tasks_closed on tasks (done_at desc, id) where state <> 'open';
-- Whether a lead waits for an answer, and the inbox with what is settled.
create index messages_waiting on messages (lead_id) where not settled;
create index messages_at on messages (at desc, id desc);
-- Answers of which nobody knows whether they went out.
create index replies_unconfirmed on replies (lead_id) where state = 'unconfirmed';

-- Sequences in the browser: what is being written, and the numbers of what runs.

-- What somebody writes and has not published: one draft a sequence, also of one that was never published.
create table sequence_drafts (
  name text primary key,
  source text not null,
  -- Counts changes, for ETags.
  version integer not null default 1,
  changed_by uuid references users on delete set null,
  changed_at timestamptz not null default clock_timestamp()
);

-- Who is in which version, and how they stand.
create index enrollments_version on enrollments (version_id, status);
-- Who answered, and when: so that answers are counted without reading all that happened to the leads.
create index lead_events_replied on lead_events (enrollment_id, at) where type = 'replied' and enrollment_id is not null;

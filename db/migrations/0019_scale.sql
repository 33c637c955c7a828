-- What keeps every page quick with a hundred thousand leads and a million touches.

-- Open browsers ask every two seconds whether anything on a desk changed. Reading all desks took a third of a second each time; whether
-- this number changed is one row. It grows before the change commits, so who looks goes on looking for a while after it grew.
create sequence desk_changes;
create function desk_changed() returns trigger language plpgsql as $$
begin
  perform nextval('desk_changes');
  return null;
end $$;
create trigger desk_changed after insert or delete or update of state, assignee, due_at, lead_id on tasks
  for each statement execute function desk_changed();
create trigger desk_changed after insert or delete or update of settled, lead_id, maybe_lead_id, class on messages
  for each statement execute function desk_changed();
create trigger desk_changed after update of owner on leads for each statement execute function desk_changed();

-- Numbers of a sequence, a version or a launch go through thousands of enrollments and all of their touches: with these they read the
-- index only, in order, where each row was a read of the table.
create index touches_steps on touches (enrollment_id, step_id) include (state, at);
create index enrollments_counted on enrollments (version_id) include (id, lead_id, status, step) where engine is not null;
create index enrollments_lines on enrollments (version_id) include (id, lead_id, status, started_at);
create index enrollments_numbers on enrollments (launch_id) include (lead_id, status, held, reason, started_at, ended_at);

-- Whose a lead is decides about each row of tasks, messages and enrollments that somebody sees, without reading all of the lead.
create index leads_owned on leads (id) include (owner);

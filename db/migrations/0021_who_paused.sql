-- A list of what is paused says by whom. null: the terminal, or Cadenza itself.
alter table pauses add column paused_by uuid references users on delete set null;

-- A list of launches says what comes next in each: the first of its leads, without reading them all.
create index enrollments_next on enrollments (launch_id, next_at) where status = 'running' and next_at is not null and not held;

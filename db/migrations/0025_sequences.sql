-- A sequence over all of its versions and launches: an id to name it by, and a row for a pause to lock.
create table sequences (
  id uuid primary key default gen_random_uuid(),
  name text not null unique
);

-- A trigger, so that workers of the version before may go on publishing. It comes before what is there is taken over: from its lock on
-- no version is added unseen until this commits, and reading versions goes on.
create function know_sequence() returns trigger language plpgsql as $$
begin
  insert into sequences (name) values (new.name) on conflict (name) do nothing;
  return null;
end $$;
create trigger know_sequence after insert on sequence_versions for each row execute function know_sequence();
insert into sequences (name) select distinct name from sequence_versions;

-- Last, because every send reads pauses.
alter table pauses drop constraint pauses_scope_check;
alter table pauses add constraint pauses_scope_check
  check (scope in ('all', 'sequence', 'launch', 'sender', 'company', 'lead', 'absence'));

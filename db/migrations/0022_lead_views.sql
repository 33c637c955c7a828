-- Filters of the list of leads that somebody gave a name. Without the words that are searched for: these may be of a person.
create table lead_views (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users on delete cascade,
  name text not null,
  filters jsonb not null,
  unique (user_id, name)
);

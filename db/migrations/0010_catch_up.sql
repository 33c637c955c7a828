-- What a provider took in while nobody was there to be told: how far each sender's was asked for. Wall clock.
create table catch_ups (
  sender_id uuid not null references senders on delete cascade,
  what text not null check (what in ('messages', 'relations')),
  -- Everything that came until then is stored. An hour ahead at first: what came before a sender was here is nobody's answer.
  seen_until timestamptz not null default clock_timestamp() + interval '1 hour',
  -- When it is asked next, by whoever comes first.
  next_at timestamptz not null default clock_timestamp(),
  primary key (sender_id, what)
);
create index catch_ups_next on catch_ups (next_at);

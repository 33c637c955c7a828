-- Who may use Cadenza, and what they did.

create table users (
  id uuid primary key default gen_random_uuid(),
  -- Lower case.
  email text not null unique check (email = lower(email)),
  name text not null,
  role text not null check (role in ('rep', 'manager', 'admin')),
  -- A manager with a team sees what belongs to its members; without one, everything.
  team text,
  -- By what names leads' owners and tasks' assignees mean this user, besides the email and the name; lower case.
  known_as text[] not null default '{}',
  locale text check (locale in ('en', 'tr')),
  -- argon2id, as PHC string; null: signs in by link or OpenID Connect only.
  password_hash text,
  -- `<issuer> <subject>` of the first sign-in by OpenID Connect.
  oidc_subject text unique,
  disabled_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  last_sign_in_at timestamptz,
  -- Counts changes, for ETags.
  version integer not null default 1
);
create index users_team on users (team) where team is not null;

-- Cookies are random; here are their SHA-256.
create table sessions (
  token_hash bytea primary key,
  user_id uuid not null references users on delete cascade,
  created_at timestamptz not null default clock_timestamp(),
  seen_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null
);
create index sessions_user on sessions (user_id);
create index sessions_expired on sessions (expires_at);

-- One-time links: the first admin, invitations, forgotten passwords.
create table sign_in_links (
  token_hash bytea primary key,
  user_id uuid not null references users on delete cascade,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  used_at timestamptz
);
create index sign_in_links_user on sign_in_links (user_id);

-- Failed attempts, by address that was tried and by network address (as SHA-256); old ones are deleted.
create table sign_in_failures (
  id bigint generated always as identity primary key,
  key bytea not null,
  at timestamptz not null default clock_timestamp()
);
create index sign_in_failures_key on sign_in_failures (key, at);

create table api_keys (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users on delete cascade,
  name text not null,
  -- How it begins, to be told apart; the whole is shown once.
  prefix text not null,
  secret_hash bytea not null unique,
  scopes text[] not null,
  created_at timestamptz not null default clock_timestamp(),
  last_used_at timestamptz,
  expires_at timestamptz,
  revoked_at timestamptz
);
create index api_keys_user on api_keys (user_id);

-- Who did what: every command that came by HTTP and succeeded. Ids only, no content.
create table audit (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  user_id uuid references users on delete set null,
  -- As it was then, since users go.
  who text not null,
  -- The API key that was used; null: a session.
  api_key_id uuid,
  -- The operation of the API, such as `leads.erase`.
  action text not null,
  target text,
  request_id text not null
);
create index audit_user on audit (user_id, id);
create index audit_target on audit (target, id) where target is not null;

-- Answers to POSTs with an Idempotency-Key, for a day. status null: under way.
create table idempotency_keys (
  principal text not null,
  key text not null,
  fingerprint bytea not null,
  status integer,
  body text,
  created_at timestamptz not null default clock_timestamp(),
  primary key (principal, key)
);
create index idempotency_keys_old on idempotency_keys (created_at);

-- Whose leads and tasks a rep sees.
create index leads_owner on leads (lower(owner)) where owner is not null;

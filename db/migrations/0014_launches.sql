-- What a launch is asked for beyond its audience: when it begins, who reads its messages first, who made it.

-- null: at once. Until then nobody in it starts.
alter table launches add column starts_at timestamptz;
-- Beside what the sequence says: `first`, each lead's first message, `every`, all of them, waits for a person's approval.
alter table launches add column review text check (review in ('first', 'every'));
-- Who has the reviews; null: the lead's owner.
alter table launches add column reviewer text;
alter table launches add column created_by uuid references users on delete set null;

-- Launches, the newest first, page by page.
create index launches_newest on launches (created_at desc, id desc);
-- Everybody in a launch, in the order in which they were enrolled, page by page.
create index enrollments_of_launch on enrollments (launch_id, created_at, id);
-- Whom a launch left out, page by page.
create index launch_exclusions_leads on launch_exclusions (launch_id, lead_id);

-- Leads, the newest first, as they are listed; a page of them is read without sorting the rest.
create index leads_newest on leads (created_at desc, id desc) where erased_at is null;

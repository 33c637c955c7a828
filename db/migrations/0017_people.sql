-- Leads that change hands, people on leave, days on which the company is closed, and what is erased in time.

-- A decision may also be about a lead that is in no sequence.
alter table decisions alter column enrollment_id drop not null;
create index decisions_lead on decisions (lead_id, id) where enrollment_id is null;
create index decisions_handed_over on decisions (lead_id, id) where kind = 'handed_over';

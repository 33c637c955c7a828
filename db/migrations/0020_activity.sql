-- Who was silent for how long is asked of all leads at once: one row for each who was reached, instead of all of their touches and
-- events. Counted with the analytics (db/analytics/recount.ts), so it may be late but is never ahead; no foreign key for the same reason
-- as there.
create table lead_activity (
  lead_id uuid primary key,
  last_at timestamptz not null
);
insert into lead_activity (lead_id, last_at)
  select lead_id, max(at) from (
    select lead_id, at, true as reached from touches where state in ('sent', 'unconfirmed') and at is not null
    union all select lead_id, at, false from lead_events) x
  group by lead_id having bool_or(reached);
-- Any event is something that was heard.
drop trigger count_new on lead_events;
create trigger count_new after insert on lead_events for each row execute function count_again();
create index lead_activity_last on lead_activity (last_at, lead_id);

-- Leads that are filtered are looked at in the order of the list: with the owner in it, the index alone says who is passed over.
drop index leads_newest;
create index leads_newest on leads (created_at desc, id desc) include (owner) where erased_at is null;

-- What is due to be erased is asked about thousands of leads: from these without a look at the tables.
create index touches_open_lead on touches (lead_id) where state in ('sending', 'unconfirmed');

-- What is given away of senders' days, read for all senders of a launch at once: tens of thousands of slots, from the index alone.
drop index touches_sender_day;
create index touches_sender_day on touches (sender_id, local_day) include (action, at, sending_at, slot_at, id, state)
  where state in ('booked', 'sending', 'sent', 'unconfirmed', 'task');

-- Sums that also answer for a team, a rep, a channel, a sequence or a sender: summing all of a year's touches for each took too long.

-- By weeks (block: minute / 10080) and by everything that touches are told apart by but their launch. 0: nobody's, or no sender.
create table analytics_weeks (
  block integer not null,
  step integer not null,
  sender integer not null,
  owner integer not null,
  channel smallint not null,
  flags integer not null,
  touches bigint not null,
  primary key (block, owner, step, sender, channel, flags)
);
create index analytics_weeks_empty on analytics_weeks (block) where touches = 0;
insert into analytics_weeks (block, step, sender, owner, channel, flags, touches)
  select minute / 10080, step, coalesce(sender, 0), coalesce(owner, 0), channel, flags, count(*) from analytics_touches group by 1, 2, 3, 4, 5, 6;

-- By days (day: minute / 1440) and by owner and channel, with the minutes of the day in order: local days of any zone are cut out of
-- these without a row for each touch.
create table analytics_days (
  day integer not null,
  owner integer not null,
  channel smallint not null,
  flags integer not null,
  minutes smallint[] not null,
  primary key (day, owner, channel, flags)
);
create index analytics_days_empty on analytics_days (day) where minutes = '{}';
insert into analytics_days (day, owner, channel, flags, minutes)
  select minute / 1440, coalesce(owner, 0), channel, flags, array_agg((minute % 1440)::smallint order by minute) from analytics_touches
  group by 1, 2, 3, 4;

-- Workers of the version before still read this. They cannot write it: what they would count without the sums above waits for others.
drop table analytics_blocks;
create view analytics_blocks as
  select x.of, block, x.id, flags, sum(touches)::int8 as touches from analytics_weeks cross join lateral (
    values ('channel', channel::int), ('step', step), ('sender', sender), ('owner', owner)) x (of, id) group by 1, 2, 3, 4;

-- An endpoint says how many of its deliveries were given up, among millions that were not.
create index deliveries_parked on deliveries (endpoint_id, callback_id) where state = 'parked';

-- Of each launch the first to move whom a rep sees: found in order from the index alone, where all who are under way were read.
drop index enrollments_next;
create index enrollments_next on enrollments (launch_id, next_at) include (lead_id, step)
  where status = 'running' and next_at is not null and not held;

-- What went wrong with a sender's touches, by its days: a few rows among the many that went well.
create index touches_sender_trouble on touches (sender_id, local_day) include (state, delivery)
  where state = 'failed' or delivery in ('bounced', 'complained');

-- A sender's last messages, whose fate decides whether it may go on.
create index touches_sender_at on touches (sender_id, at desc) where state = 'sent';

-- A bounce says that an address is nobody's, and nothing about the person: it goes beside what the person objected to.
update suppressions set origin = 'bounce' where reason = 'bounced' and origin = '' and channel is not null;

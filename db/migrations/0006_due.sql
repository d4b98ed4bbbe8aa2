-- The due list: what is open, and nothing else. A follow-up leaves this index when it is done, cancelled or shut. By the end of its
-- window first: most that were never done have expired, and a county's list must not walk over them. A village's goes by its place.
create index follow_up_open on care.follow_up (county_code, closes_on, opens_on, place_code)
  where status = 'requested' and consented and done_on is null and not voided and not restricted;

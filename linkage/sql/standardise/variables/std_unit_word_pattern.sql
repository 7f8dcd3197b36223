-- Pattern that tells whether an address line names a flat, suite or floor.
SET VARIABLE std_unit_word_pattern =
    '(?:^|[ ,])(?:apartment|apt|unit|suite|ste|room|rm|floor|fl|lot|bldg|building|trlr|spc|penthouse|ph|flat|appt|#)(?:[ #,-]|[0-9]|$)'

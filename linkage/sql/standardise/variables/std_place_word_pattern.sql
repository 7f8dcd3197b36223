-- Pattern of words for a flat, alone or with what the pattern of flats takes as its number, and of post office boxes.
SET VARIABLE std_place_word_pattern =
    '(?:^|[ ,])(?:apartment|apt|unit|suite|ste|room|rm|floor|fl|lot|bldg|building|trlr|spc|penthouse|ph|flat|appt)(?:suite|[a-z])?(?:[ ,]|$)'
    || '|box|drawer'

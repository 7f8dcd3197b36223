-- Pattern that parts an address line at its flat, suite or floor ("12 main st apt 5b", "suite 900,1450 n city rd").
SET VARIABLE std_unit_pattern =
    '^(?:(.*?)[ ,]+)?((?:(?:apartment|apt|unit|suite|ste|room|rm|floor|fl|lot|bldg|building|trlr|spc|penthouse|ph|flat|appt|#)'
    || '[ #-]*(?:[a-z]{0,2}-?[0-9][^ ,]*|[a-z]|suite)|[0-9]+(?:st|nd|rd|th)? (?:floor|fl))'
    || '(?:[ ,]+(?:apartment|apt|unit|suite|ste|room|rm|number|no|#)[ #-]*(?:[a-z]{0,2}-?[0-9][^ ,]*|[a-z]))?)(?:[ ,]+(.*))?$'

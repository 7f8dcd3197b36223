-- A flat, suite or floor without the word for it ("apt 5" becomes "5"); the folded text itself where nothing else is written.
CREATE OR REPLACE TEMP MACRO std_unit(folded) AS
    CASE
        WHEN regexp_matches(folded, '^[0-9]+[a-z]?$|^[a-z]$') THEN folded
        ELSE coalesce(
            std_filled(trim(regexp_replace(
                regexp_replace(
                    regexp_replace(folded, '([0-9])(?:st|nd|rd|th)\b', '\1', 'g'),
                    '\b(?:apartment|apart|apt|ap|unit|suite|ste|su|room|rm|floor|flr|fl|number|num|no|lot|building|bldg|trailer|trlr|space|spc'
                    || '|penthouse|ph|department|dept|flat|box|level|lvl|appt)([0-9]*\b)',
                    ' \1', 'g'),
                ' +', ' ', 'g'))),
            folded)
    END

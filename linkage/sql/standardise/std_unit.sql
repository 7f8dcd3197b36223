-- A flat, suite or floor without the word for it ("Apt. 5" becomes "5"); the word itself where nothing else is written.
CREATE OR REPLACE TEMP MACRO std_unit(written) AS
    list_transform([std_fold(written)], lambda unit_1:
        CASE
            WHEN regexp_matches(unit_1, '^[0-9]+[a-z]?$|^[a-z]$') THEN unit_1
            ELSE coalesce(
                nullif(trim(regexp_replace(
                    regexp_replace(
                        regexp_replace(unit_1, '([0-9])(?:st|nd|rd|th)\b', '\1', 'g'),
                        '\b(?:apartment|apart|apt|ap|unit|suite|ste|su|room|rm|floor|flr|fl|number|num|no|lot|building|bldg|trailer|trlr|space|spc|penthouse|ph|department|dept|flat|box|level|lvl|appt)([0-9]*\b)',
                        ' \1', 'g'),
                    ' +', ' ', 'g')), ''),
                unit_1)
        END
    )[1]

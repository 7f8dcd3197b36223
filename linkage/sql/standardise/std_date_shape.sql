-- Date, step 2: its shape: iso, ymd, open (year last), eight or six digits, words, year (no day told), none, blank.
CREATE OR REPLACE TEMP MACRO std_date_shape(step, reading_order) AS
    {
        'text': step,
        'reading_order': reading_order,
        'shape': CASE
            WHEN step IS NULL OR step = '' OR std_is_placeholder('any', step) THEN 'blank'
            WHEN regexp_matches(step, '^(?:1[5-9]|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$') THEN 'iso'
            WHEN contains(step, '0') AND regexp_matches(
                step,
                '^(?:0{1,2}[-/. ]+[0-9]{1,2}|[0-9]{1,2}[-/. ]+0{1,2})[-/. ]+[0-9]{4}$'
                || '|^[0-9]{4}[-/. ]+(?:0{1,2}[-/. ]+[0-9]{1,2}|[0-9]{1,2}[-/. ]+0{1,2})$'
                || '|^[0-9]{4}(?:00|0[1-9]|1[0-2])00$|^0000[0-9]{4}$') THEN 'year'
            WHEN regexp_matches(step, '^[0-9]{4}[-/. ]+[0-9]{1,2}[-/. ]+[0-9]{1,2}$') THEN 'ymd'
            WHEN regexp_matches(step, '^[0-9]{1,2}[-/. ]+[0-9]{1,2}[-/. ]+(?:[0-9]{2}|[0-9]{4})$') THEN 'open'
            WHEN regexp_matches(step, '^[0-9]{8}$') THEN 'eight'
            WHEN regexp_matches(step, '^[0-9]{6}$') THEN 'six'
            -- The Finnish November starts as March does.
            WHEN regexp_matches(step, getvariable('std_month_pattern')) AND NOT contains(step, 'marras') THEN 'words'
            WHEN regexp_matches(
                step,
                '^(?:(?:[0-9*x?#_]{1,2}[-/. ]+){0,2}|(?:c|ca|circa|abt|about|approx|est|born)[ .]*)[0-9]{4}(?:[-/. ]+[0-9*x?#_]{1,2}){0,2}$')
                THEN 'year'
            ELSE 'none'
        END
    }

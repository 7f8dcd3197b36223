-- Date, step 1: lower case, trimmed, a time of day dropped.
CREATE OR REPLACE TEMP MACRO std_date_text(written) AS
    CASE
        WHEN length(written) > 10 AND regexp_matches(written, '[0-9]:[0-9]')
            THEN regexp_replace(lower(trim(written)), '[t, ]+[0-9]{1,2}:[0-9].*$', '')
        ELSE lower(trim(written))
    END

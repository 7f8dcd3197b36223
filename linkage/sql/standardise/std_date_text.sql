-- A date prepared for reading: lower case, trimmed, a time of day dropped.
CREATE OR REPLACE TEMP MACRO std_date_text(written) AS
    list_transform([lower(trim(written))], lambda date_text:
        CASE
            WHEN length(date_text) > 10 AND regexp_matches(date_text, '[0-9]:[0-9]')
                THEN regexp_replace(date_text, '[t, ]+[0-9]{1,2}:[0-9].*$', '')
            ELSE date_text
        END
    )[1]

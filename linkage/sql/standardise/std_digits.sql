-- The ASCII digits of a text, everything else removed.
CREATE OR REPLACE TEMP MACRO std_digits(written) AS
    CASE
        WHEN regexp_matches(written, '^[0-9]*$') THEN written
        WHEN regexp_matches(written, '^[0-9-]+$') THEN replace(written, '-', '')
        ELSE regexp_replace(written, '[^0-9]+', '', 'g')
    END

-- A taxpayer number that starts with 9 and was written where a social security number belongs.
CREATE OR REPLACE TEMP MACRO std_itin(written) AS
    CASE
        WHEN regexp_matches(written, '^[\s./-]*9[\s0-9./-]+$') AND regexp_matches(std_digits(written), '^9[0-9]{8}$')
            AND translate(std_digits(written), '9', '') <> '' THEN std_digits(written)
    END

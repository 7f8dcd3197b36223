-- The digits of a number that is written with nothing but digits, spaces, dots, slashes and hyphens; NULL without a digit.
CREATE OR REPLACE TEMP MACRO std_plain_number(written) AS
    CASE
        WHEN regexp_matches(written, '^[0-9][0-9-]*$') THEN replace(written, '-', '')
        WHEN regexp_matches(written, '^[\s0-9./-]+$') THEN std_filled(std_digits(written))
    END

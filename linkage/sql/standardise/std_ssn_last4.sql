-- The last four digits of a social security number that is masked or written as four digits only.
CREATE OR REPLACE TEMP MACRO std_ssn_last4(written) AS
    CASE
        WHEN regexp_matches(written, '^[xX*-]*[0-9]{4}$') THEN CASE WHEN NOT ends_with(written, '0000') THEN right(written, 4) END
        ELSE nullif(std_filled(regexp_extract(lower(written), '^\s*[x*#•._-]*[x*#•._\s/-]*([0-9]{4})\s*$', 1)), '0000')
    END

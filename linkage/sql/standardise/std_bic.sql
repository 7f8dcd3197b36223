-- The first eight signs of a bank identifier code whose country exists, in lower case.
CREATE OR REPLACE TEMP MACRO std_bic(written) AS
    CASE
        WHEN regexp_matches(trim(written), '^[A-Za-z]{6}[A-Za-z0-9]{2}(?:[A-Za-z0-9]{3})?$')
            AND getvariable('std_countries')[lower(substr(trim(written), 5, 2))] = lower(substr(trim(written), 5, 2))
            THEN left(lower(trim(written)), 8)
    END

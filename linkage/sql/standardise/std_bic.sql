-- The first eight signs of a bank identifier code whose country exists, in lower case.
CREATE OR REPLACE TEMP MACRO std_bic(written) AS
    list_transform([lower(trim(written))], lambda bic_1:
        CASE
            WHEN regexp_matches(bic_1, '^[a-z]{6}[a-z0-9]{2}(?:[a-z0-9]{3})?$')
                THEN CASE WHEN getvariable('std_countries')[substr(bic_1, 5, 2)] = substr(bic_1, 5, 2) THEN left(bic_1, 8) END
        END
    )[1]

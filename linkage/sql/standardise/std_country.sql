-- A country, folded; its two-letter code where it is known.
CREATE OR REPLACE TEMP MACRO std_country(written) AS
    list_transform([std_fold(written)], lambda country_1:
        CASE WHEN country_1 IS NOT NULL THEN coalesce(getvariable('std_countries')[country_1], country_1) END
    )[1]

-- A country, folded; its two-letter code where it is known.
CREATE OR REPLACE TEMP MACRO std_country(folded) AS
    CASE WHEN folded IS NOT NULL THEN coalesce(getvariable('std_countries')[folded], folded) END

-- The issuer of an identifier: the code of its state or country where it has one.
CREATE OR REPLACE TEMP MACRO std_issuer(kind, folded) AS
    CASE
        WHEN folded IS NULL THEN NULL
        WHEN kind = 'driver_licence'
            THEN coalesce(getvariable('std_regions')[folded], getvariable('std_countries')[folded], folded)
        ELSE coalesce(getvariable('std_countries')[folded], folded)
    END

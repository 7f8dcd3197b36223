-- A state or region, folded; the two-letter code of a state of the United States.
CREATE OR REPLACE TEMP MACRO std_region(folded) AS
    CASE
        WHEN length(folded) = 2 OR folded IS NULL THEN folded
        ELSE coalesce(getvariable('std_regions')[folded], folded)
    END

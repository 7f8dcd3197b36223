-- A state or region, folded; the two-letter code of a state of the United States.
CREATE OR REPLACE TEMP MACRO std_region(written) AS
    list_transform([std_fold(written)], lambda region_1:
        CASE
            WHEN length(region_1) = 2 THEN region_1
            ELSE coalesce(getvariable('std_regions')[region_1], region_1)
        END
    )[1]

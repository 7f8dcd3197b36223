-- A prepared address line parted into the line without its state and the state's code; a city that is named like its state stays.
CREATE OR REPLACE TEMP MACRO std_address_region(prepared, country) AS
    CASE
        WHEN coalesce(country, 'us') = 'us' THEN list_transform(
            [regexp_extract(prepared, getvariable('std_region_pattern'), ['line', 'region'])],
            lambda region_2: CASE
                WHEN region_2.region = '' OR (length(region_2.region) = 2 AND region_2.region IN ('de', 'la', 'co') AND NOT contains(prepared, ','))
                    THEN {'line': prepared, 'region': NULL::VARCHAR}
                WHEN region_2.region = 'washington dc' THEN {'line': region_2.line || ',washington', 'region': 'dc'}
                WHEN length(region_2.region) > 3 AND NOT contains(region_2.line, ',') AND contains(prepared, ',')
                    THEN {'line': region_2.line || ',' || region_2.region, 'region': getvariable('std_regions')[region_2.region]}
                ELSE {'line': region_2.line, 'region': getvariable('std_regions')[region_2.region]}
            END
        )[1]
        ELSE {'line': prepared, 'region': NULL::VARCHAR}
    END

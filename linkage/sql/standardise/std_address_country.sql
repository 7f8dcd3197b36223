-- A prepared address line parted into the line before its country and the country's code.
CREATE OR REPLACE TEMP MACRO std_address_country(prepared) AS
    list_transform(
        [regexp_extract(
            prepared, '^(?:(.*?)[ ,])?((?:usa|u s a|united states(?: of america)?)|[^ ,][^,]*)$', ['line', 'last'])],
        lambda country_2: list_transform(
            [CASE
                WHEN country_2.last IN ('usa', 'u s a', 'united states', 'united states of america') THEN country_2
                ELSE {
                    'line': CASE WHEN contains(prepared, ',') THEN regexp_replace(prepared, ',[^,]*$', '') ELSE '' END,
                    'last': regexp_extract(prepared, '([^,]*)$', 1)
                }
            END],
            lambda country_3: CASE
                WHEN getvariable('std_countries')[country_3.last] IS NOT NULL
                    AND (length(country_3.last) > 2 OR country_3.last IN ('us', 'uk', 'gb'))
                    AND (country_3.last <> 'georgia' OR contains(country_3.line, ','))
                    THEN {'line': country_3.line, 'country': getvariable('std_countries')[country_3.last]}
                ELSE {'line': prepared, 'country': NULL::VARCHAR}
            END
        )[1]
    )[1]

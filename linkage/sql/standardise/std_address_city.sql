-- What is left of an address line, parted into street and city: at its last comma, or behind the word that ends the street.
CREATE OR REPLACE TEMP MACRO std_address_city(prepared) AS
    CASE
        WHEN contains(trim(prepared, ' ,'), ',') THEN list_transform(
            [string_split(trim(prepared, ' ,'), ',')],
            lambda segments: list_transform(
                [{
                    'last': trim(segments[-1]),
                    'street': trim(coalesce(
                        list_filter(segments, lambda segment: regexp_matches(trim(segment), '^(?:no |# ?)?[0-9]|^p ?o ?box'))[1],
                        segments[1]))
                }],
                lambda city_2: CASE
                    WHEN city_2.last = city_2.street OR regexp_matches(city_2.last, '[0-9]')
                        THEN {'street': city_2.street, 'city': NULL::VARCHAR}
                    ELSE {'street': city_2.street, 'city': city_2.last}
                END
            )[1]
        )[1]
        ELSE list_transform(
            [regexp_extract(
                trim(prepared, ' ,'),
                '^((?:[0-9][^ ]* )(?:[nsew] |[ns][ew] )?[^ ]+ (?:.*? )?'
                || '(?:street|st|avenue|ave|av|road|rd|boulevard|blvd|drive|dr|lane|ln|court|ct|circle|cir|way|highway|hwy|parkway|pkwy|terrace|ter|trail|trl|place|pl)'
                || '(?: (?:n|s|e|w|ne|nw|se|sw|north|south|east|west))?) (\p{L}{3}.*)$', ['street', 'city'])],
            lambda city_3: CASE
                WHEN city_3.city = '' OR getvariable('std_street_words')[split_part(city_3.city, ' ', 1)] IN ('blvd', 'ave', 'rd', 'dr', 'ln', 'pkwy', 'ct')
                    THEN {'street': trim(prepared, ' ,'), 'city': NULL::VARCHAR}
                ELSE {'street': city_3.street, 'city': city_3.city}
            END
        )[1]
    END

-- Address, step 11: street and city: the parts that hold the house number and stand last, or what is behind the word that ends a street.
CREATE OR REPLACE TEMP MACRO std_place_city(step) AS
    {
        'number_known': step.number_known,
        'postcode': step.postcode,
        'country': step.country,
        'region': step.region,
        'box': step.box,
        'unit': step.unit,
        'rest': step.rest,
        'street': CASE
            WHEN len(step.segments) > 1
                THEN coalesce(
                    list_filter(step.segments, lambda segment:
                        ltrim(segment, ' #') BETWEEN '0' AND ':' OR starts_with(segment, 'no ') OR starts_with(ltrim(segment), 'po box'))[1],
                    step.segments[1])
        END,
        'last': CASE WHEN len(step.segments) > 1 THEN trim(step.segments[-1]) END,
        'next': CASE
            WHEN len(step.segments) > 2 AND step.country <> 'us' AND step.segments[1] BETWEEN '0' AND ':' AND NOT regexp_matches(step.segments[2], '[0-9]')
                THEN trim(step.segments[2])
        END,
        'parted': CASE
            WHEN step.is_line AND (step.segments IS NULL OR len(step.segments) = 1)
                THEN regexp_extract(
                    step.rest,
                    '^((?:[0-9][^ ]* )(?:[nsew] |[ns][ew] )?[^ ]{2,} (?:.*? )?'
                    || '(?:street|st|avenue|ave|av|road|rd|boulevard|blvd|drive|dr|lane|ln|court|ct|circle|cir|way|highway|hwy|parkway|pkwy'
                    || '|terrace|ter|trail|trl|place|pl)(?: (?:n|s|e|w|ne|nw|se|sw|north|south|east|west))?) ((?:\p{L}{3}|\p{L}{2} \p{L}{3}).*)$',
                    ['street', 'city'])
        END
    }

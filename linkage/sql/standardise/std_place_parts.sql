-- Address, step 13: number and name of the street.
CREATE OR REPLACE TEMP MACRO std_place_parts(step) AS
    {
        'postcode': step.postcode,
        'country': step.country,
        'region': step.region,
        'box': step.box,
        'unit': step.unit,
        'city': step.city,
        'street': step.street,
        'leading': CASE
            WHEN NOT step.number_known AND step.box IS NULL
                THEN regexp_extract(
                    step.street, '^(?:no )?(?:# )?([0-9]+[a-z]?(?:-[0-9]+[a-z]?)?)(?: [0-9]/[0-9])?(?:[ ,]+|-)(.+)$', ['number', 'street'])
        END,
        'trailing': CASE
            WHEN NOT step.number_known AND step.box IS NULL AND regexp_matches(step.street, '^[^0-9].*[ ,][0-9]+ ?[a-z]?$')
                AND NOT regexp_matches(
                    step.street,
                    '(?:hwy|highway|route|rte|rt|road|rd|street|st|box|rr|sr|cr|fm|us|i|interstate|avenue|ave|av|hc|lot|no) [0-9]')
                THEN regexp_extract(
                    step.street, '^(.*?\p{L}{3}[^0-9]*?)[ ,](?:(?:bld|bldg|nr|no|d)[ ,])?([0-9]+ ?[a-z]?)$', ['street', 'number'])
        END
    }

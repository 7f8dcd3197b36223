-- Address, step 12: the house number before or behind the name of the street.
CREATE OR REPLACE TEMP MACRO std_place_number(step) AS
    {
        'postcode': step.postcode,
        'country': step.country,
        'region': step.region,
        'box': step.box,
        'unit': step.unit,
        'city': CASE
            WHEN step.last IS NOT NULL
                THEN CASE WHEN step.last <> trim(step.street) AND NOT regexp_matches(step.last, '[0-9]') THEN coalesce(step.next, step.last) END
            WHEN std_is_street_end(step.parted.city) OR regexp_matches(step.parted.city, '(?:^| )(?:floor|level|building|bldg|suite|room|unit|rear|front)$|^p ?o ?box ')
                THEN NULL
            ELSE nullif(step.parted.city, '')
        END,
        'street': trim(CASE
            WHEN step.street IS NOT NULL THEN step.street
            WHEN step.parted.street <> '' AND NOT std_is_street_end(step.parted.city) THEN step.parted.street
            ELSE step.rest
        END, ' ,'),
        'number_known': step.number_known
    }

-- Address, step 14: number, street and unit folded.
CREATE OR REPLACE TEMP MACRO std_place_fold(step) AS
    {
        'postcode': std_alnum(step.postcode),
        'country': step.country,
        'region': step.region,
        'unit': std_fold(step.unit),
        'city': std_fold(step.city),
        'house_number': std_house_number(coalesce(step.box, nullif(step.leading.number, ''), nullif(step.trailing.number, ''))),
        'street': CASE
            WHEN step.box IS NOT NULL THEN 'po box'
            WHEN step.leading.street <> '' THEN std_fold(step.leading.street)
            WHEN step.trailing.street <> '' THEN std_fold(step.trailing.street)
            ELSE std_fold(step.street)
        END
    }

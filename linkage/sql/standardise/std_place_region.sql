-- Address, step 7: the state of the United States at the end.
CREATE OR REPLACE TEMP MACRO std_place_region(step) AS
    {
        'rest': CASE WHEN step.country IS NOT NULL THEN rtrim(regexp_replace(step.rest, '[^,]*$', ''), ' ,') ELSE step.rest END,
        'is_line': step.is_line,
        'number_known': step.number_known,
        'postcode': step.postcode,
        'country': coalesce(step.told_country, step.country),
        'state': CASE
            WHEN step.is_line AND coalesce(step.told_country, step.country, 'us') = 'us'
                THEN regexp_extract(
                    CASE WHEN step.country IS NOT NULL THEN rtrim(regexp_replace(step.rest, '[^,]*$', ''), ' ,') ELSE step.rest END,
                    getvariable('std_region_pattern'), ['rest', 'region'])
        END
    }

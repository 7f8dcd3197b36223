-- Address, step 4: the postcode at the end (United States, United Kingdom, Canada, others).
CREATE OR REPLACE TEMP MACRO std_place_code(step) AS
    {
        'rest': CASE WHEN step.country IS NOT NULL THEN step.before ELSE step.rest END,
        'is_line': step.is_line,
        'number_known': step.number_known,
        'country': step.country,
        'code': CASE
            WHEN step.is_line THEN regexp_extract(
                CASE WHEN step.country IS NOT NULL THEN step.before ELSE step.rest END,
                '^(.*?)[ ,]([0-9]{5}(?:-?[0-9]{4})?|[a-z]{1,2}[0-9][a-z0-9]? ?[0-9][a-z]{2}|[a-z][0-9][a-z] ?[0-9][a-z][0-9]'
                || '|[a-z]{1,2}-[0-9]{4,5}|[0-9]{6})$', ['rest', 'postcode'])
        END
    }

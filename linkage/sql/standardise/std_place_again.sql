-- Address, step 6: the country that stands before the postcode.
CREATE OR REPLACE TEMP MACRO std_place_again(step) AS
    {
        'rest': CASE WHEN step.code.postcode <> '' THEN step.code.rest || step.code.city ELSE rtrim(step.rest, ' ,') END,
        'is_line': step.is_line,
        'number_known': step.number_known,
        'postcode': coalesce(step.postcode, nullif(step.code.postcode, '')),
        'told_country': step.country,
        'country': CASE
            WHEN step.is_line AND step.country IS NULL
                THEN std_country_of_line(regexp_extract(CASE WHEN step.code.postcode <> '' THEN step.code.city ELSE rtrim(step.rest, ' ,') END, '[^,]*$'))
        END
    }

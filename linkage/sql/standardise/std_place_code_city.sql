-- Address, step 5: the postcode before the city, where none stands at the end ("56422 dusseldorf").
CREATE OR REPLACE TEMP MACRO std_place_code_city(step) AS
    {
        'rest': CASE WHEN step.code.postcode <> '' THEN step.code.rest ELSE step.rest END,
        'is_line': step.is_line,
        'number_known': step.number_known,
        'country': step.country,
        'postcode': nullif(step.code.postcode, ''),
        'code': CASE
            WHEN step.is_line AND step.code.postcode = ''
                THEN regexp_extract(step.rest, '^(.*[0-9].*,)(?:[a-z]{1,2}-)?([0-9]{4,6}) (\p{L}[^,]*)$', ['rest', 'postcode', 'city'])
        END
    }

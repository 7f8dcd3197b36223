-- Address, step 10: the line without the flat, in the parts between its commas where it holds a whole address.
CREATE OR REPLACE TEMP MACRO std_place_split(step) AS
    {
        'rest': CASE
            WHEN step.flat.unit <> '' THEN trim(concat_ws(',', nullif(step.flat.before, ''), nullif(step.flat.behind, '')), ' ,')
            ELSE step.rest
        END,
        'is_line': step.is_line,
        'number_known': step.number_known,
        'postcode': step.postcode,
        'country': step.country,
        'region': step.region,
        'box': step.box,
        'unit': nullif(step.flat.unit, ''),
        'segments': CASE
            WHEN step.is_line AND contains(step.rest, ',')
                THEN string_split(
                    CASE
                        WHEN step.flat.unit <> '' THEN trim(concat_ws(',', nullif(step.flat.before, ''), nullif(step.flat.behind, '')), ' ,')
                        ELSE trim(step.rest, ' ,')
                    END, ',')
        END
    }

-- Address, step 9: the flat, suite or floor, or the post office box.
CREATE OR REPLACE TEMP MACRO std_place_unit(step) AS
    {
        'rest': step.rest,
        'is_line': step.is_line,
        'number_known': step.number_known,
        'postcode': step.postcode,
        'country': step.country,
        'region': step.region,
        'box': CASE
            WHEN contains(step.rest, 'box') OR contains(step.rest, 'drawer')
                THEN std_filled(regexp_extract(step.rest, '(?:(?:^|[ ,])(?:p ?o ?|post office )(?:box|drawer)|^box) ?(?:# ?)?([^ ,]+)', 1))
        END,
        'flat': CASE
            WHEN regexp_matches(step.rest, getvariable('std_unit_word_pattern')) AND NOT regexp_matches(step.rest, '^(?:# |no )[0-9]+ +[a-z]')
                THEN regexp_extract(step.rest, getvariable('std_unit_pattern'), ['before', 'unit', 'behind'])
        END
    }

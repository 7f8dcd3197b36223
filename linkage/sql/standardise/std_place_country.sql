-- Address, step 3: the country at the end.
CREATE OR REPLACE TEMP MACRO std_place_country(step) AS
    {
        'rest': step.rest,
        'is_line': step.is_line,
        'number_known': step.number_known,
        'before': step.tail.rest,
        'country': CASE WHEN step.is_line THEN std_country_of_line(step.tail.last) END
    }

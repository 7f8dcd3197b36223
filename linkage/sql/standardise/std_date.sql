-- Date, step 7: day, other (its second reading), year, and bad: written, but neither a date nor a year alone.
CREATE OR REPLACE TEMP MACRO std_date(step) AS
    CASE
        WHEN step.day IS NOT NULL AND std_is_placeholder('birth_date', step.day::VARCHAR)
            THEN {'day': NULL::DATE, 'other': NULL::DATE, 'year': NULL::SMALLINT, 'bad': true}
        ELSE {
            'day': step.day,
            'other': step.other,
            'year': CASE WHEN step.day IS NOT NULL THEN year(step.day)::SMALLINT ELSE step.year END,
            'bad': coalesce(step.shape <> 'blank' AND step.day IS NULL AND NOT (step.year_month AND step.year IS NOT NULL), false)}
    END

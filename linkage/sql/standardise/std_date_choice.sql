-- Date, step 6: the reading that the order asks for, another where it is impossible, and the second where day and month are open.
CREATE OR REPLACE TEMP MACRO std_date_choice(step) AS
    {
        'shape': step.shape,
        'year_month': step.year_month,
        'year': step.year,
        'day': CASE step.reading_order
            WHEN 'mdy' THEN coalesce(step.mdy, step.ymd, step.dmy)
            WHEN 'dmy' THEN coalesce(step.dmy, step.ymd, step.mdy)
            WHEN 'auto_dmy' THEN coalesce(step.ymd, step.dmy, step.mdy)
            ELSE coalesce(step.ymd, step.mdy, step.dmy)
        END,
        'other': CASE
            WHEN step.reading_order NOT IN ('auto', 'auto_dmy') OR step.ymd IS NOT NULL OR step.mdy = step.dmy THEN NULL
            WHEN step.reading_order = 'auto' AND step.mdy IS NOT NULL THEN step.dmy
            WHEN step.reading_order = 'auto_dmy' AND step.dmy IS NOT NULL THEN step.mdy
        END
    }

-- Date, step 5: each reading as a date, NULL where no such day exists.
CREATE OR REPLACE TEMP MACRO std_date_days(step) AS
    {
        'reading_order': step.reading_order,
        'shape': step.shape,
        'ymd': CASE WHEN NOT step.year_month THEN TRY_CAST(step.ymd AS DATE) END,
        'mdy': CASE WHEN NOT step.year_month THEN TRY_CAST(step.mdy AS DATE) END,
        'dmy': CASE WHEN NOT step.year_month THEN TRY_CAST(step.dmy AS DATE) END,
        'year': TRY_CAST(step.year AS SMALLINT),
        'year_month': step.year_month
    }

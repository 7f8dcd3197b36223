-- Date, step 3: its three fields in the order written, or the fields around the word for the month.
CREATE OR REPLACE TEMP MACRO std_date_fields(step) AS
    {
        'reading_order': step.reading_order,
        'shape': step.shape,
        'field': CASE step.shape
            WHEN 'iso' THEN {'a': left(step.text, 4), 'b': substr(step.text, 6, 2), 'c': right(step.text, 2)}
            WHEN 'ymd' THEN regexp_extract(step.text, '^([0-9]{4})[-/. ]+([0-9]{1,2})[-/. ]+([0-9]{1,2})$', ['a', 'b', 'c'])
            WHEN 'open' THEN regexp_extract(step.text, '^([0-9]{1,2})[-/. ]+([0-9]{1,2})[-/. ]+([0-9]{2,4})$', ['a', 'b', 'c'])
            WHEN 'eight' THEN {'a': left(step.text, 4), 'b': substr(step.text, 5, 2), 'c': right(step.text, 2)}
            WHEN 'six' THEN {'a': left(step.text, 2), 'b': substr(step.text, 3, 2), 'c': right(step.text, 2)}
            WHEN 'year' THEN {
                'a': regexp_extract(CASE WHEN starts_with(step.text, '0000') THEN substr(step.text, 5) ELSE step.text END, '[0-9]{4}'),
                'b': '', 'c': ''}
        END,
        'word': CASE
            WHEN step.shape = 'words'
                THEN regexp_extract(step.text, getvariable('std_month_pattern'), ['before', 'month', 'behind', 'last'])
        END
    }

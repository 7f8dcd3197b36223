-- Date, step 4: each reading of the fields (year first, month first, day first) as ISO text, and the field that holds the year.
CREATE OR REPLACE TEMP MACRO std_date_texts(step) AS
    {
        'reading_order': step.reading_order,
        'shape': step.shape,
        'ymd': CASE step.shape
            WHEN 'iso' THEN std_year_text(step.field.a) || '-' || step.field.b || '-' || step.field.c
            WHEN 'ymd' THEN std_year_text(step.field.a) || '-' || step.field.b || '-' || step.field.c
            WHEN 'eight' THEN std_year_text(step.field.a) || '-' || step.field.b || '-' || step.field.c
            WHEN 'open' THEN CASE
                WHEN step.reading_order = 'ymd' AND length(step.field.c) = 2
                    THEN std_year_text(lpad(step.field.a, 2, '0')) || '-' || step.field.b || '-' || step.field.c
            END
            WHEN 'six' THEN CASE
                WHEN step.reading_order = 'ymd' THEN std_year_text(step.field.a) || '-' || step.field.b || '-' || step.field.c
            END
            WHEN 'words' THEN CASE
                WHEN step.word.before <> '' AND step.word.last <> '' THEN NULL
                WHEN length(concat(step.word.before, step.word.last)) = 4 AND length(step.word.before) = 4
                    THEN std_year_text(step.word.before) || '-' || std_month_number(step.word.month) || '-' || nullif(step.word.behind, '')
                WHEN step.word.before <> ''
                    THEN std_year_text(step.word.behind) || '-' || std_month_number(step.word.month) || '-' || step.word.before
                ELSE std_year_text(step.word.last) || '-' || std_month_number(step.word.month) || '-' || nullif(step.word.behind, '')
            END
        END,
        'mdy': CASE step.shape
            WHEN 'open' THEN std_year_text(step.field.c) || '-' || step.field.a || '-' || step.field.b
            WHEN 'eight' THEN std_year_text(step.field.b || step.field.c) || '-' || left(step.field.a, 2) || '-' || right(step.field.a, 2)
            WHEN 'six' THEN std_year_text(step.field.c) || '-' || step.field.a || '-' || step.field.b
        END,
        'dmy': CASE step.shape
            WHEN 'open' THEN std_year_text(step.field.c) || '-' || step.field.b || '-' || step.field.a
            WHEN 'eight' THEN std_year_text(step.field.b || step.field.c) || '-' || right(step.field.a, 2) || '-' || left(step.field.a, 2)
            WHEN 'six' THEN std_year_text(step.field.c) || '-' || step.field.b || '-' || step.field.a
        END,
        'year': CASE step.shape
            WHEN 'iso' THEN std_year_text(step.field.a)
            WHEN 'ymd' THEN std_year_text(step.field.a)
            WHEN 'year' THEN std_year_text(step.field.a)
            WHEN 'open' THEN std_year_text(step.field.c)
            WHEN 'eight' THEN coalesce(
                CASE WHEN step.reading_order IN ('mdy', 'dmy') THEN std_year_text(step.field.b || step.field.c) END,
                std_year_text(step.field.a),
                std_year_text(step.field.b || step.field.c))
            WHEN 'six' THEN std_year_text(step.field.a || step.field.b)
            WHEN 'words' THEN CASE
                WHEN length(step.word.before) = 4 THEN std_year_text(step.word.before)
                WHEN step.word.last <> '' THEN std_year_text(step.word.last)
                WHEN length(step.word.behind) = 4 OR step.word.before <> '' THEN std_year_text(step.word.behind)
            END
        END,
        'year_month': CASE
            WHEN step.shape = 'six' THEN step.reading_order NOT IN ('mdy', 'dmy', 'ymd') AND step.field.c BETWEEN '01' AND '12'
                AND std_year_text(step.field.a || step.field.b) IS NOT NULL
            WHEN step.shape = 'words' THEN concat(step.word.before, step.word.last) = '' AND length(step.word.behind) = 4
            ELSE step.shape = 'year'
        END
    }

-- The readings of the fields of a date: year first, month first, day first.
CREATE OR REPLACE TEMP MACRO std_date_readings(fields, reading_order) AS
    CASE fields.shape
        WHEN 'ymd' THEN {
            'ymd': std_day(fields.a, fields.b, fields.c), 'mdy': NULL::DATE, 'dmy': NULL::DATE, 'year_field': fields.a}
        WHEN 'open' THEN {
            'ymd': CASE WHEN reading_order = 'ymd' AND length(fields.c) = 2 THEN std_day(lpad(fields.a, 2, '0'), fields.b, fields.c) END,
            'mdy': std_day(fields.c, fields.a, fields.b),
            'dmy': std_day(fields.c, fields.b, fields.a),
            'year_field': fields.c}
        WHEN 'eight' THEN {
            'ymd': std_day(fields.a, fields.b, fields.c),
            'mdy': std_day(fields.b || fields.c, left(fields.a, 2), right(fields.a, 2)),
            'dmy': std_day(fields.b || fields.c, right(fields.a, 2), left(fields.a, 2)),
            'year_field': CASE WHEN reading_order IN ('mdy', 'dmy') THEN fields.b || fields.c ELSE fields.a END}
        WHEN 'six' THEN {
            'ymd': CASE WHEN reading_order = 'ymd' THEN std_day(fields.a, fields.b, fields.c) END,
            'mdy': CASE WHEN NOT std_is_year_month(fields) OR reading_order IN ('mdy', 'dmy') THEN std_day(fields.c, fields.a, fields.b) END,
            'dmy': CASE WHEN NOT std_is_year_month(fields) OR reading_order IN ('mdy', 'dmy') THEN std_day(fields.c, fields.b, fields.a) END,
            'year_field': CASE
                WHEN reading_order NOT IN ('mdy', 'dmy') AND std_is_year_month(fields) THEN fields.a || fields.b ELSE fields.c END}
        ELSE {'ymd': NULL, 'mdy': NULL, 'dmy': NULL, 'year_field': fields.a}
    END

-- A date as day, other (the second reading where day and month are open), year, bad (written, but no date); order is ymd, mdy, dmy, auto, auto_dmy.
CREATE OR REPLACE TEMP MACRO std_date(written, reading_order) AS
    list_transform(
        [std_date_fields(std_date_text(written))],
        lambda date_1: list_transform(
            [{'shape': date_1.shape, 'read': std_date_readings(date_1, reading_order)}],
            lambda date_2: list_transform(
                [{
                    'shape': date_2.shape,
                    'day': CASE reading_order
                        WHEN 'mdy' THEN coalesce(date_2.read.mdy, date_2.read.ymd, date_2.read.dmy)
                        WHEN 'dmy' THEN coalesce(date_2.read.dmy, date_2.read.ymd, date_2.read.mdy)
                        WHEN 'auto_dmy' THEN coalesce(date_2.read.ymd, date_2.read.dmy, date_2.read.mdy)
                        ELSE coalesce(date_2.read.ymd, date_2.read.mdy, date_2.read.dmy)
                    END,
                    'other': CASE
                        WHEN reading_order NOT IN ('auto', 'auto_dmy') OR date_2.read.ymd IS NOT NULL OR date_2.read.mdy = date_2.read.dmy
                            THEN NULL
                        WHEN reading_order = 'auto' AND date_2.read.mdy IS NOT NULL THEN date_2.read.dmy
                        WHEN reading_order = 'auto_dmy' AND date_2.read.dmy IS NOT NULL THEN date_2.read.mdy
                    END,
                    'year_field': date_2.read.year_field
                }],
                lambda date_3: list_transform(
                    [CASE WHEN date_3.day IS NOT NULL THEN std_is_placeholder('birth_date', strftime(date_3.day, '%Y-%m-%d')) ELSE false END],
                    lambda date_filler: {
                        'day': CASE WHEN NOT date_filler THEN date_3.day END,
                        'other': CASE WHEN NOT date_filler THEN date_3.other END,
                        'year': CASE
                            WHEN date_filler THEN NULL
                            WHEN date_3.day IS NOT NULL THEN year(date_3.day)
                            ELSE std_year(date_3.year_field)
                        END::SMALLINT,
                        'bad': date_filler OR (date_3.shape <> 'blank' AND date_3.day IS NULL
                            AND (date_3.shape NOT IN ('year', 'six') OR std_year(date_3.year_field) IS NULL))
                    }
                )[1]
            )[1]
        )[1]
    )[1]

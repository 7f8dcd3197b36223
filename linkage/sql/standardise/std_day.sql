-- The date of a year, month and day written in digits; NULL where no such day exists.
CREATE OR REPLACE TEMP MACRO std_day(year_written, month_written, day_written) AS
    list_transform(
        [{
            'y': std_year(year_written),
            'm': TRY_CAST(month_written AS INTEGER),
            'd': TRY_CAST(day_written AS INTEGER)
        }],
        lambda day_1: CASE
            WHEN day_1.y IS NOT NULL AND day_1.m BETWEEN 1 AND 12 AND day_1.d BETWEEN 1 AND 31
                THEN CASE
                    WHEN month(make_date(day_1.y, day_1.m, 1) + (day_1.d - 1)) = day_1.m
                        THEN make_date(day_1.y, day_1.m, 1) + (day_1.d - 1)
                END
        END
    )[1]

-- Whether six digits in fields of two read as a year of four digits and a month.
CREATE OR REPLACE TEMP MACRO std_is_year_month(fields) AS
    coalesce(std_year(fields.a || fields.b) IS NOT NULL AND fields.c BETWEEN '01' AND '12', false)

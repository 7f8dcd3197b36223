-- A year of four digits: as written, or two digits read around the bound `two_digit_pivot`; NULL outside the bounds.
CREATE OR REPLACE TEMP MACRO std_year_text(written) AS
    CASE
        WHEN length(written) = 4
            THEN CASE
                WHEN written BETWEEN getvariable('std_bounds')['earliest_year']::VARCHAR AND getvariable('std_bounds')['latest_year']::VARCHAR
                    THEN written
            END
        WHEN length(written) = 2
            THEN CASE WHEN written <= lpad(getvariable('std_bounds')['two_digit_pivot']::VARCHAR, 2, '0') THEN '20' ELSE '19' END || written
    END

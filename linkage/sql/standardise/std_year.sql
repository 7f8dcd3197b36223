-- A year as a number: four digits, or two digits read around the bound `two_digit_pivot`; NULL outside the bounds.
CREATE OR REPLACE TEMP MACRO std_year(written) AS
    list_transform(
        [CASE length(written)
            WHEN 4 THEN TRY_CAST(written AS INTEGER)
            WHEN 2 THEN TRY_CAST(written AS INTEGER)
                + CASE WHEN TRY_CAST(written AS INTEGER) <= getvariable('std_bounds')['two_digit_pivot'] THEN 2000 ELSE 1900 END
        END],
        lambda year_2: CASE
            WHEN year_2 BETWEEN getvariable('std_bounds')['earliest_year'] AND getvariable('std_bounds')['latest_year'] THEN year_2
        END
    )[1]

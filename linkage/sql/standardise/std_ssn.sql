-- A social security number of nine digits; NULL where no such number can have been given out, and for fillers.
CREATE OR REPLACE TEMP MACRO std_ssn(digits) AS
    CASE
        WHEN length(digits) = 9 AND left(digits, 1) <> '9' AND left(digits, 3) NOT IN ('000', '666')
            AND substr(digits, 4, 2) <> '00' AND right(digits, 4) <> '0000' AND NOT std_is_placeholder('ssn', digits) THEN digits
    END

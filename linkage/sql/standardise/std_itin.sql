-- A taxpayer number that starts with 9 and was written where a social security number belongs.
CREATE OR REPLACE TEMP MACRO std_itin(digits) AS
    CASE WHEN length(digits) = 9 AND left(digits, 1) = '9' AND NOT std_is_same_sign(digits) AND NOT std_is_placeholder('ssn', digits) THEN digits END

-- A routing number of nine digits with a right check digit (American Bankers Association).
CREATE OR REPLACE TEMP MACRO std_routing(digits) AS
    CASE
        WHEN regexp_matches(digits, '^(?:0[1-9]|1[0-2]|2[1-9]|3[0-2]|6[1-9]|7[0-2]|80)[0-9]{7}$')
            AND (
                3 * (TRY_CAST(digits[1] AS INTEGER) + TRY_CAST(digits[4] AS INTEGER) + TRY_CAST(digits[7] AS INTEGER))
                + 7 * (TRY_CAST(digits[2] AS INTEGER) + TRY_CAST(digits[5] AS INTEGER) + TRY_CAST(digits[8] AS INTEGER))
                + TRY_CAST(digits[3] AS INTEGER) + TRY_CAST(digits[6] AS INTEGER) + TRY_CAST(digits[9] AS INTEGER)
            ) % 10 = 0 THEN digits
    END

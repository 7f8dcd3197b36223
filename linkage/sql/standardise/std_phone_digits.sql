-- Telephone number, step 2: its digits, and whether they start with a country code ("+", "00", or "011" before nine digits and more).
CREATE OR REPLACE TEMP MACRO std_phone_digits(step) AS
    {
        'digits': CASE
            WHEN regexp_matches(step, '^[^0-9+]*(?:0[^0-9+]*0[^0-9+]*[1-9]|011[\s.-](?:[^0-9]*[0-9]){9})') THEN regexp_replace(std_digits(step), '^(?:011|00)', '')
            ELSE std_digits(step)
        END,
        'abroad': regexp_matches(step, '^[^0-9+]*(?:\+|0[^0-9+]*0[^0-9+]*[1-9]|011[\s.-](?:[^0-9]*[0-9]){9})')
    }

-- Telephone number, step 4: ten digits in the United States and Canada, '+' and digits abroad, seven digits without area code; NULL for fillers.
-- What is dialled before a number at home goes: 0 in most countries, 06 in Hungary, 8 in Russia and its neighbours, nothing in Italy.
CREATE OR REPLACE TEMP MACRO std_phone(step, country) AS
    CASE
        WHEN length(step.digits) NOT BETWEEN 7 AND 15 OR std_is_same_sign(step.digits)
            OR right(step.digits, 7) IN ('5555555', '0000000', '9999999') OR std_is_placeholder('phone', step.digits)
            OR (length(step.digits) = 10 AND starts_with(step.digits, '000')) OR std_is_no_local(step) THEN NULL
        WHEN step.abroad THEN '+' || step.digits
        WHEN NOT step.home AND getvariable('std_calling_codes')[country] <> ''
            THEN '+' || getvariable('std_calling_codes')[country] || CASE
                WHEN country IN ('it', 'sm', 'va') THEN step.digits
                WHEN country = 'hu' THEN regexp_replace(step.digits, '^06', '')
                WHEN country IN ('ru', 'kz', 'by') THEN regexp_replace(step.digits, '^8+([0-9]{9,10})$', '\1')
                ELSE ltrim(step.digits, '0')
            END
        ELSE step.digits
    END

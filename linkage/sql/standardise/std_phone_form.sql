-- The digits of a telephone number brought to their form; `abroad` tells that they start with a country code. NULL for fillers.
CREATE OR REPLACE TEMP MACRO std_phone_form(digits, abroad, country) AS
    list_transform(
        [CASE
            WHEN length(digits) = 11 AND starts_with(digits, '1') AND (abroad OR country IN ('us', 'ca')) THEN right(digits, 10)
            ELSE digits
        END],
        lambda form_1:
            CASE
                WHEN length(form_1) NOT BETWEEN 7 AND 15 OR translate(form_1, left(form_1, 1), '') = ''
                    OR right(form_1, 7) IN ('5555555', '0000000', '9999999') OR std_is_placeholder('phone', form_1)
                    OR (length(form_1) = 10 AND starts_with(form_1, '000')) THEN NULL
                WHEN abroad AND length(form_1) <> 10 THEN '+' || form_1
                WHEN abroad AND length(digits) = 10 THEN '+' || form_1
                WHEN country NOT IN ('us', 'ca') AND NOT abroad AND getvariable('std_calling_codes')[country] <> ''
                    THEN '+' || getvariable('std_calling_codes')[country] || ltrim(form_1, '0')
                ELSE form_1
            END
    )[1]

-- A telephone number: ten digits in the United States and Canada, '+' and digits abroad, seven digits without area code.
CREATE OR REPLACE TEMP MACRO std_phone(written, country) AS
    list_transform(
        [CASE
            WHEN regexp_matches(written, '[a-zA-Z#,;]')
                THEN regexp_replace(lower(written), '\s*(?:[,;#]|ext(?:ension|n)?\.?|x|p|w)[\s:.#]*[0-9]{1,6}\s*$', '')
            ELSE written
        END],
        lambda phone_1: list_transform(
            [{
                'digits': CASE
                    WHEN regexp_matches(phone_1, '^[^0-9+]*(?:00|011[\s.-])') THEN regexp_replace(std_digits(phone_1), '^(?:011|00)', '')
                    ELSE std_digits(phone_1)
                END,
                'abroad': regexp_matches(phone_1, '^[^0-9+]*(?:\+|00|011[\s.-])')
            }],
            lambda phone_2: std_phone_form(phone_2.digits, phone_2.abroad, country)
        )[1]
    )[1]

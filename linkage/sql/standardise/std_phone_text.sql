-- Telephone number, step 1: the number without its extensions, and without the "(0)" that is dialled at home only.
CREATE OR REPLACE TEMP MACRO std_phone_text(written) AS
    CASE
        WHEN regexp_matches(written, '[a-zA-Z#,;/]')
            THEN regexp_replace(
                lower(replace(written, '(0)', '')),
                '\s*(?:(?:[,;#]|ext(?:ension|n)?\.?|x|p|w)[\s:.#]*[0-9]{1,6}\s*|(?:[,;/]|\bor\b)[\s(+]*[0-9][0-9\s().-]{6,})+$', '')
        WHEN contains(written, '(0)') THEN replace(written, '(0)', '')
        ELSE written
    END

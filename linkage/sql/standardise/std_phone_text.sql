-- Telephone number, step 1: the number without its extensions.
CREATE OR REPLACE TEMP MACRO std_phone_text(written) AS
    CASE
        WHEN regexp_matches(written, '[a-zA-Z#,;/]')
            THEN regexp_replace(
                lower(written),
                '\s*(?:(?:[,;#]|ext(?:ension|n)?\.?|x|p|w)[\s:.#]*[0-9]{1,6}\s*|(?:[,;/]|\bor\b)[\s(+]*[0-9][0-9\s().-]{6,})+$', '')
        ELSE written
    END

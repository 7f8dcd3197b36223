-- A currency code of three letters, lower case.
CREATE OR REPLACE TEMP MACRO std_currency(written) AS
    CASE trim(written)
        WHEN '$' THEN 'usd' WHEN 'US$' THEN 'usd' WHEN '€' THEN 'eur' WHEN '£' THEN 'gbp' WHEN '¥' THEN 'jpy'
        ELSE std_filled(regexp_extract(lower(trim(written)), '^[a-z]{3}$'))
    END

-- The last four visible signs of an account number, also where it is masked.
CREATE OR REPLACE TEMP MACRO std_number_tail(written, masked) AS
    right(
        CASE
            WHEN NOT masked THEN std_alnum(written)
            ELSE regexp_extract(regexp_replace(lower(written), '[\s./-]', '', 'g'), '([0-9]{3,})[^0-9a-z]*$', 1)
        END, 4)

-- The last four visible signs of an account number, also where it is masked.
CREATE OR REPLACE TEMP MACRO std_number_tail(written) AS
    list_transform([regexp_replace(lower(written), '[\s./-]', '', 'g')], lambda tail_1:
        list_transform(
            [CASE WHEN std_is_masked(written) THEN regexp_extract(tail_1, '([0-9]+)[^0-9a-z]*$', 1) ELSE std_alnum(written) END],
            lambda tail_2: CASE WHEN length(tail_2) >= 3 THEN right(tail_2, 4) END
        )[1]
    )[1]

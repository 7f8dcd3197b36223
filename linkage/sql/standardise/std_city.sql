-- A city, folded, with "saint", "fort" and "mount" at its start in their short form.
CREATE OR REPLACE TEMP MACRO std_city(written) AS
    list_transform([std_fold(written)], lambda city_1:
        CASE
            WHEN std_is_placeholder('any', city_1) THEN NULL
            WHEN regexp_matches(city_1, '^(?:saint|sainte|fort|mount) ')
                THEN regexp_replace(regexp_replace(regexp_replace(city_1, '^sainte? ', 'st '), '^fort ', 'ft '), '^mount ', 'mt ')
            ELSE city_1
        END
    )[1]

-- A folded city with "saint", "fort" and "mount" at its start in their short form; NULL for markers of a missing value.
CREATE OR REPLACE TEMP MACRO std_city(folded) AS
    CASE
        WHEN std_is_placeholder('any', folded) THEN NULL
        WHEN regexp_matches(folded, '^(?:saint|sainte|fort|mount) ')
            THEN regexp_replace(regexp_replace(regexp_replace(folded, '^sainte? ', 'st '), '^fort ', 'ft '), '^mount ', 'mt ')
        ELSE folded
    END

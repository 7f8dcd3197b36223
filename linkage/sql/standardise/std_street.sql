-- A folded street, its words and directions in their short form ("north main street" becomes "n main st").
CREATE OR REPLACE TEMP MACRO std_street(folded) AS
    CASE
        WHEN contains(folded, ' ') AND regexp_matches(folded, getvariable('std_street_word_pattern'))
            THEN std_spaced(list_transform(string_split(folded, ' '), lambda street_word:
                coalesce(getvariable('std_street_words')[street_word], street_word)))
        ELSE folded
    END

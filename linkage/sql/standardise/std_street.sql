-- A street folded, its words and directions in their short form ("North Main Street" becomes "n main st").
CREATE OR REPLACE TEMP MACRO std_street(written) AS
    list_transform([std_fold(replace(written, '.', ''))], lambda street_1:
        CASE
            WHEN contains(street_1, ' ')
                THEN array_to_string(list_transform(string_split(street_1, ' '), lambda street_word:
                    coalesce(getvariable('std_street_words')[street_word], street_word)), ' ')
            ELSE street_1
        END
    )[1]

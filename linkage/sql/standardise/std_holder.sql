-- The words of a holder's name in alphabetical order, so that "Smith, Robert" and "Robert Smith" are one; in Latin letters where that can be.
CREATE OR REPLACE TEMP MACRO std_holder(bare) AS
    nullif(array_to_string(list_sort(string_split(
        CASE
            WHEN std_is_latin(bare) THEN replace(bare, ',', ' ')
            WHEN regexp_matches(bare, '^[\p{Han}\p{Hangul}]{2,4}$')
                THEN coalesce(std_transliterated(left(bare, 1) || ' ' || substr(bare, 2)), bare)
            ELSE coalesce(std_transliterated(replace(bare, ',', ' ')), replace(bare, ',', ' '))
        END, ' ')), ' '), '')

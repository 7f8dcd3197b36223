-- The words of a holder's name in alphabetical order, so that "Smith, Robert" and "Robert Smith" are one; in Latin letters where that can be.
CREATE OR REPLACE TEMP MACRO std_holder(bare) AS
    nullif(array_to_string(list_sort(string_split(
        CASE
            WHEN std_is_latin(bare) THEN replace(bare, ',', ' ')
            WHEN regexp_matches(bare, '^[\p{Han}\p{Hangul}][\p{Han}\p{Hangul}\p{Hiragana}\p{Katakana}ー]{1,7}$')
                THEN coalesce(std_transliterated(std_name_order(NULL, NULL, bare).given || ' ' || std_name_order(NULL, NULL, bare).surname), bare)
            ELSE coalesce(std_transliterated(replace(bare, ',', ' ')), replace(bare, ',', ' '))
        END, ' ')), ' '), '')

-- Folded text in Latin letters, word by word; NULL where it holds a word that std_spoken cannot read.
CREATE OR REPLACE TEMP MACRO std_transliterated(folded) AS
    CASE
        WHEN std_is_latin(folded) THEN folded
        ELSE std_filled(trim(regexp_replace(regexp_replace(
            std_spaced(list_transform(string_split(folded, ' '), lambda one_word: coalesce(std_spoken(one_word), chr(10)))),
            '(?s)^.*\n.*$', ''), ' +', ' ', 'g')))
    END

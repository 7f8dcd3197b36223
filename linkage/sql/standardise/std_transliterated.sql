-- Folded text in Latin letters, letter by letter; NULL where it holds a letter that std_letters does not.
CREATE OR REPLACE TEMP MACRO std_transliterated(folded) AS
    CASE
        WHEN std_is_latin(folded) THEN folded
        ELSE nullif(trim(nullif(regexp_replace(
            array_to_string(
                list_transform(string_split(regexp_replace(folded, 'ο[υύ]', 'ou', 'g'), ''), lambda one_letter:
                    CASE WHEN std_is_latin(one_letter) THEN one_letter ELSE coalesce(getvariable('std_letters')[one_letter], chr(10)) END),
                ''),
            '(?s)^.*\n.*$', ''), '')), '')
    END

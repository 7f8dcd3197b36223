-- The words of a holder's name; one word of Chinese, Japanese or Korean signs as given name and surname, marked where only Japanese readers can
-- tell how it is read.
CREATE OR REPLACE TEMP MACRO std_holder_text(bare) AS
    CASE
        WHEN std_is_latin(bare) THEN replace(bare, ',', ' ')
        WHEN regexp_matches(bare, '^[\p{Han}\p{Hangul}][\p{Han}\p{Hangul}\p{Hiragana}\p{Katakana}ー]{1,7}$')
            THEN coalesce(
                std_name_order(NULL, NULL, bare).given || ' ' || std_name_order(NULL, NULL, bare).surname,
                bare || chr(65533))
        ELSE replace(bare, ',', ' ')
    END

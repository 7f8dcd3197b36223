-- The words of a holder's name; those of Chinese, Japanese or Korean signs as given name and surname, one word parted.
CREATE OR REPLACE TEMP MACRO std_holder_text(bare) AS
    CASE
        WHEN NOT std_is_latin(bare)
            AND regexp_matches(bare, '^[\p{Han}\p{Hangul}\p{Hiragana}][\p{Han}\p{Hangul}\p{Hiragana}\p{Katakana}ー]*(?:[ ,][\p{Han}\p{Hangul}\p{Hiragana}\p{Katakana}ー]+)?$')
            THEN coalesce(
                std_name_order(std_filled(regexp_extract(bare, '^(.*)[ ,]', 1)), NULL, regexp_extract(bare, '[^ ,]+$')).given
                || ' ' || std_name_order(std_filled(regexp_extract(bare, '^(.*)[ ,]', 1)), NULL, regexp_extract(bare, '[^ ,]+$')).surname,
                replace(bare, ',', ' '))
        ELSE replace(bare, ',', ' ')
    END

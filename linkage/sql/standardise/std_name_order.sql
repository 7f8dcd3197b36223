-- A name in another script, read in natural order, in the order of its script: a surname of one Chinese or Korean sign first (two signs where
-- it is known as such), a Japanese surname first, a Russian surname before name and patronymic.
CREATE OR REPLACE TEMP MACRO std_name_order(given, middle, surname) AS
    CASE
        WHEN std_is_latin(surname) THEN {'given': given, 'middle': middle, 'surname': surname}
        WHEN given IS NULL AND regexp_matches(surname, '^\p{Han}+[\p{Hiragana}\p{Katakana}ー]+$')
            THEN {'given': regexp_extract(surname, '[^\p{Han}]+$'), 'middle': middle, 'surname': std_japanese(regexp_extract(surname, '^\p{Han}+'))}
        WHEN given IS NULL AND regexp_matches(surname, '^\p{Han}{4,5}$') AND getvariable('std_native_names')[left(surname, 2)] IS NOT NULL
            THEN {'given': std_japanese(substr(surname, 3)), 'middle': middle, 'surname': left(surname, 2)}
        WHEN given IS NULL AND regexp_matches(surname, '^(?:欧阳|歐陽|司马|司馬|诸葛|諸葛|上官|皇甫|慕容|令狐|南宫|夏侯|司徒|公孙|尉迟)\p{Han}{1,2}$')
            THEN {'given': substr(surname, 3), 'middle': middle, 'surname': left(surname, 2)}
        WHEN given IS NULL AND regexp_matches(surname, '^[\p{Han}\p{Hangul}]{2,4}$')
            THEN {'given': substr(surname, 2), 'middle': middle, 'surname': left(surname, 1)}
        WHEN middle IS NULL AND regexp_matches(given, '^[\p{Han}\p{Hiragana}]+$') AND regexp_matches(surname, '^[\p{Han}\p{Hiragana}\p{Katakana}ー]+$')
            AND (regexp_matches(given || surname, '[\p{Hiragana}\p{Katakana}]') OR length(given) > 1 AND getvariable('std_native_names')[given] IS NOT NULL)
            THEN {'given': std_japanese(surname), 'middle': middle, 'surname': std_japanese(given)}
        WHEN middle IS NULL AND regexp_matches(given || surname, '^[\p{Han}\p{Hangul}]+$') AND length(given) <= 2
            THEN {'given': surname, 'middle': middle, 'surname': given}
        WHEN middle IS NOT NULL AND regexp_matches(surname, '(?:ович|евич|ьич|овна|евна|ична)$')
            THEN {'given': middle, 'middle': surname, 'surname': given}
        ELSE {'given': given, 'middle': middle, 'surname': surname}
    END

-- A name in another script, read in natural order, in the order of its script: a surname of one Chinese or Korean sign first, a Russian
-- surname before name and patronymic.
CREATE OR REPLACE TEMP MACRO std_name_order(given, middle, surname) AS
    CASE
        WHEN std_is_latin(surname) THEN {'given': given, 'middle': middle, 'surname': surname}
        WHEN given IS NULL AND regexp_matches(surname, '^[\p{Han}\p{Hangul}]{2,4}$')
            THEN {'given': substr(surname, 2), 'middle': middle, 'surname': left(surname, 1)}
        WHEN middle IS NULL AND regexp_matches(given || surname, '^[\p{Han}\p{Hangul}]+$') AND length(given) <= 2
            THEN {'given': surname, 'middle': middle, 'surname': given}
        WHEN middle IS NOT NULL AND regexp_matches(surname, '(?:ович|евич|ьич|овна|евна|ична)$')
            THEN {'given': middle, 'middle': surname, 'surname': given}
        ELSE {'given': given, 'middle': middle, 'surname': surname}
    END

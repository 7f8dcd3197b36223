-- The Latin letters of single kana put together as a passport spells them: small kana ("*") and doubled consonants ("+") joined, long vowels
-- short; NULL beside signs that only Japanese readers can read.
CREATE OR REPLACE TEMP MACRO std_kana(folded, spelt) AS
    CASE
        WHEN NOT regexp_matches(folded, '[\p{Hiragana}\p{Katakana}]') THEN spelt
        WHEN regexp_matches(folded, '\p{Han}') THEN NULL
        ELSE regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
            spelt,
            '(sh|ch|j)i\*y', '\1', 'g'),
            'i\*y', 'y', 'g'),
            '[aiueo]\*', '', 'g'),
            '\+ch', 'tch', 'g'),
            '\+([bcdfghjklmnpqrstvwyz])', '\1\1', 'g'),
            '[*+]', '', 'g'),
            '(y|sh|ch|j)uu', '\1u', 'g'),
            'o[ou]([^aeiou]|$)', 'o\1', 'g')
    END

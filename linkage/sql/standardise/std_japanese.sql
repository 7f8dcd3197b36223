-- A word of a Japanese name where its reading is known (kana, or on the list of native names); else marked with a sign that nothing reads,
-- since the letters of std_letters read Chinese.
CREATE OR REPLACE TEMP MACRO std_japanese(folded) AS
    CASE
        WHEN NOT regexp_matches(folded, '\p{Han}') OR getvariable('std_native_names')[folded] IS NOT NULL THEN folded
        ELSE rtrim(folded, chr(65533)) || chr(65533)
    END

-- A full name prepared for reading: folded except for its commas, parentheses dropped, titles removed.
CREATE OR REPLACE TEMP MACRO std_name_text(written) AS
    list_transform([std_latin(written)], lambda name_text:
        CASE
            WHEN regexp_matches(name_text, '^[a-z]+(?: [a-z]+)*$') THEN std_untitled(name_text)
            ELSE regexp_replace(
                trim(regexp_replace(
                    regexp_replace(
                        regexp_replace(replace(name_text, '''', ''), '\([^)]*\)|\[[^\]]*\]', ' ', 'g'),
                        '[^\p{L}\p{M}\p{Nd},]+', ' ', 'g'),
                    ' *,[ ,]*', ',', 'g'), ' ,'),
                getvariable('std_title_pattern'), '\1', 'g')
        END
    )[1]

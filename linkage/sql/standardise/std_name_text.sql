-- Full name, step 1: folded except for its commas, parentheses dropped, titles removed ("3rd earl of" at the end, too).
CREATE OR REPLACE TEMP MACRO std_name_text(written) AS
    CASE
        WHEN regexp_matches(written, '^[a-zA-Z]+(?: [a-zA-Z]+)*$') THEN std_untitled(lower(written))
        ELSE regexp_replace(
            regexp_replace(
                trim(regexp_replace(
                    regexp_replace(
                        regexp_replace(replace(std_latin(written), '''', ''), '\([^)]*\)|\[[^\]]*\]', ' ', 'g'),
                        '[^\p{L}\p{M}\p{Nd},]+', ' ', 'g'),
                    ' *,[ ,]*', ',', 'g'), ' ,'),
                getvariable('std_title_pattern'), '\1', 'g'),
            ',(?:[0-9]+(?:st|nd|rd|th) \p{L}|(?:earl|duke|duchess|countess|baron|baroness|viscount|marquess|count|lord) of |baronet)[^,]*$', '')
    END

-- Text folded: lower case, accents and apostrophes removed, every other sign a space, spaces collapsed; NULL when empty.
CREATE OR REPLACE TEMP MACRO std_fold(written) AS
    list_transform([std_latin(written)], lambda fold_text:
        CASE
            WHEN regexp_matches(fold_text, '^[a-z0-9]+(?: [a-z0-9]+)*$') THEN fold_text
            ELSE nullif(trim(regexp_replace(replace(fold_text, '''', ''), '[^\p{L}\p{M}\p{Nd}]+', ' ', 'g')), '')
        END
    )[1]

-- The letters and digits of a text, folded, without anything between them; NULL when empty.
CREATE OR REPLACE TEMP MACRO std_alnum(written) AS
    list_transform([std_latin(written)], lambda alnum_1:
        nullif(CASE
            WHEN regexp_matches(alnum_1, '^[a-z0-9]*$') THEN alnum_1
            ELSE regexp_replace(alnum_1, '[^\p{L}\p{Nd}]+', '', 'g')
        END, '')
    )[1]

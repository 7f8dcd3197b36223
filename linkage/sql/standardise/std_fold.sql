-- Text folded: lower case, accents and apostrophes removed, every other sign a space, spaces collapsed; NULL when empty.
CREATE OR REPLACE TEMP MACRO std_fold(written) AS
    CASE
        WHEN regexp_matches(written, '^[a-zA-Z0-9]+(?: [a-zA-Z0-9]+)*$') THEN lower(written)
        ELSE std_filled(trim(regexp_replace(replace(std_latin(written), '''', ''), '[^\p{L}\p{M}\p{Nd}]+', ' ', 'g')))
    END

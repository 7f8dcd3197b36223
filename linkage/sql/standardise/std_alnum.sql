-- The letters and digits of a text, folded, without anything between them; NULL when empty.
CREATE OR REPLACE TEMP MACRO std_alnum(written) AS
    CASE
        WHEN regexp_matches(written, '^[a-zA-Z0-9]+$') THEN lower(written)
        ELSE std_filled(CASE
            WHEN strlen(written) = length(written) THEN regexp_replace(lower(written), '[^a-z0-9]+', '', 'g')
            ELSE regexp_replace(std_latin(written), '[^\p{L}\p{Nd}]+', '', 'g')
        END)
    END

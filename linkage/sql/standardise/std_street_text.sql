-- A street line prepared for reading: lower case, accents, dots and apostrophes dropped, "#" set apart, hyphens and commas kept.
CREATE OR REPLACE TEMP MACRO std_street_text(written) AS
    list_transform([std_latin(written)], lambda street_text:
        CASE
            WHEN regexp_matches(street_text, '^[a-z0-9]+(?: [a-z0-9]+)*$') THEN street_text
            ELSE trim(regexp_replace(
                regexp_replace(
                    regexp_replace(
                        replace(regexp_replace(street_text, '[.''’]+', '', 'g'), '#', ' # '),
                        '[\r\n;]+', ',', 'g'),
                    '[^\p{L}\p{M}\p{Nd},#/-]+', ' ', 'g'),
                ' *,[ ,]*', ',', 'g'), ' ,')
        END
    )[1]

-- Address, step 1: lower case, accents, dots and apostrophes dropped, "#" set apart, line breaks commas, hyphens and commas kept.
CREATE OR REPLACE TEMP MACRO std_place_text(written) AS
    CASE
        WHEN regexp_matches(written, '^[a-zA-Z0-9]+(?: [a-zA-Z0-9]+)*$') THEN lower(written)
        WHEN regexp_matches(written, '^[a-zA-Z0-9]+ [a-zA-Z0-9]+(?:,? [a-zA-Z0-9]+)*$') AND NOT regexp_matches(written, '^[nN][oO] [0-9]+,')
            THEN replace(lower(written), ', ', ',')
        ELSE regexp_replace(
            trim(regexp_replace(
                regexp_replace(
                    regexp_replace(
                        replace(regexp_replace(std_latin(written), '[.'']+', '', 'g'), '#', ' # '),
                        '[\r\n;]+', ',', 'g'),
                    '[^\p{L}\p{M}\p{Nd},#/-]+', ' ', 'g'),
                ' *,[ ,]*', ',', 'g'), ' ,'),
            '^((?:# |no )?[0-9]+[a-z]?),', '\1 ')
    END

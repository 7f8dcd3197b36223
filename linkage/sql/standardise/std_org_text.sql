-- Organisation, step 1: folded, dotted initials joined, "&" spelt out, apostrophes dropped, other signs a space.
CREATE OR REPLACE TEMP MACRO std_org_text(written) AS
    CASE
        WHEN regexp_matches(written, '^[a-zA-Z0-9]+(?: [a-zA-Z0-9]+)*$') THEN lower(written)
        ELSE std_filled(trim(regexp_replace(
            replace(
                CASE
                    WHEN contains(written, '.') THEN regexp_replace(std_latin(replace(std_org_spaced(written), '&', ' and ')), '\b(\p{L})\.', '\1', 'g')
                    ELSE std_latin(replace(std_org_spaced(written), '&', ' and '))
                END,
                '''', ''),
            '[^\p{L}\p{M}\p{Nd}]+', ' ', 'g')))
    END

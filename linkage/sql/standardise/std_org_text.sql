-- An organisation's name folded: dotted initials joined, "&" spelt out, apostrophes dropped, other signs a space.
CREATE OR REPLACE TEMP MACRO std_org_text(written) AS
    list_transform([std_latin(written)], lambda org_text:
        CASE
            WHEN regexp_matches(org_text, '^[a-z0-9]+(?: [a-z0-9]+)*$') THEN org_text
            ELSE nullif(trim(regexp_replace(
                replace(replace(
                    CASE
                        WHEN contains(org_text, '.') THEN regexp_replace(org_text, '\b(\p{L})\.', '\1', 'g')
                        ELSE org_text
                    END,
                    '''', ''), '&', ' and '),
                '[^\p{L}\p{M}\p{Nd}]+', ' ', 'g')), '')
        END
    )[1]

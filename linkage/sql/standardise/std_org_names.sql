-- The names in an organisation's name that says "doing business as": the first is the name it is registered under.
CREATE OR REPLACE TEMP MACRO std_org_names(written) AS
    CASE
        WHEN regexp_matches(lower(written), '[^\p{L}](?:d[./ ]*b[./ ]*a|t/a|trading as|doing business as|a/?k/?a|f/?k/?a|formerly(?: known as)?|also known as)[^\p{L}]')
            THEN list_filter(
                string_split_regex(
                    regexp_replace(
                        written,
                        '(?i)[^\p{L}0-9)]+(?:d[./ ]*b[./ ]*a\.?|t/a|trading as|doing business as|a/?k/?a|f/?k/?a|formerly known as|formerly|also known as)[^\p{L}0-9]+',
                        chr(10), 'g'),
                    '\n'),
                lambda org_name: trim(org_name) <> '')
        WHEN trim(written) <> '' THEN [written]
    END

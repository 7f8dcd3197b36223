-- The names in an organisation's name that says "doing business as"; the first is the name it is registered under.
CREATE OR REPLACE TEMP MACRO std_org_names(written) AS
    CASE
        WHEN trim(written) = '' THEN NULL
        WHEN regexp_matches(written, '(?i)[^a-z](?:d[./ ]*b[./ ]*a|t/a|trading as|doing business as|a/?k/?a|f/?k/?a|formerly|also known as)[^a-z]')
            THEN list_filter(
                string_split(
                    regexp_replace(
                        written,
                        '(?i)[^\p{L}0-9)]+(?:d[./ ]*b[./ ]*a\.?|t/a|trading as|doing business as|a/?k/?a|f/?k/?a|formerly known as|formerly|also known as)[^\p{L}0-9]+',
                        chr(10), 'g'),
                    chr(10)),
                lambda org_name: trim(org_name) <> '')
        ELSE [written]
    END

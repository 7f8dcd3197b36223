-- Text in lower case with accents and other marks on Latin letters removed; other scripts stay as they are.
CREATE OR REPLACE TEMP MACRO std_latin(written) AS
    CASE
        WHEN strlen(written) = length(written) THEN lower(written)
        WHEN NOT regexp_matches(written, '[a-zA-Z\x{C0}-\x{24F}\x{1E00}-\x{1EFF}]') THEN lower(written)
        ELSE replace(replace(replace(replace(
            translate(strip_accents(lower(written)), 'øłđðıħŧŋəĸ’‘ʼʻ´′', 'olddihtnak'),
            'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th')
    END

-- Text in lower case with accents and other marks on Latin letters removed; other scripts stay as they are, but for
-- the Arabic "servant of", which becomes one word with the name behind it.
CREATE OR REPLACE TEMP MACRO std_latin(written) AS
    CASE
        WHEN strlen(written) = length(written) THEN lower(written)
        WHEN NOT regexp_matches(written, '[a-zA-Z\x{C0}-\x{24F}\x{1E00}-\x{1EFF}]')
            THEN CASE
                WHEN contains(written, 'عبد')
                    THEN regexp_replace(lower(written), '(^|[^\p{L}\p{M}])عبد[^\p{L}\p{M}\p{Nd}]+(\p{L})', '\1عبد\2', 'g')
                ELSE lower(written)
            END
        ELSE replace(replace(replace(replace(
            translate(strip_accents(lower(written)), 'øłđðıħŧŋəĸ’‘ʼʻ´′', 'olddihtnak'),
            'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th')
    END

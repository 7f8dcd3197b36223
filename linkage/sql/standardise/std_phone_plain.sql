-- The ten digits of a telephone number in the common forms of North America; NULL for all others, which go through
-- std_phone_text and behind.
CREATE OR REPLACE TEMP MACRO std_phone_plain(written, country) AS
    CASE
        WHEN country IN ('us', 'ca', 'pr', 'do', 'jm', 'bs', 'tt', 'bb') AND regexp_matches(written, '^[2-9][0-9]{2}[-.]?[0-9]{3}[-.]?[0-9]{4}$')
            THEN replace(replace(written, '-', ''), '.', '')
        WHEN country IN ('us', 'ca', 'pr', 'do', 'jm', 'bs', 'tt', 'bb') AND regexp_matches(written, '^\([2-9][0-9]{2}\) ?[0-9]{3}-[0-9]{4}$')
            THEN substr(written, 2, 3) || left(right(written, 8), 3) || right(written, 4)
        WHEN regexp_matches(written, '^\+1[ .-][2-9][0-9]{2}[ .-][0-9]{3}[ .-][0-9]{4}$')
            THEN substr(written, 4, 3) || substr(written, 8, 3) || right(written, 4)
    END

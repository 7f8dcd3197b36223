-- Sex as 'f' or 'm'; NULL for anything else.
CREATE OR REPLACE TEMP MACRO std_sex(written) AS
    CASE
        WHEN regexp_matches(written, '(?i)^\s*(?:f|female|fem|woman|w|girl)\s*$') THEN 'f'
        WHEN regexp_matches(written, '(?i)^\s*(?:m|male|man|boy)\s*$') THEN 'm'
    END

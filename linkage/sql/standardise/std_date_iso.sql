-- A date of the common forms (year-month-day, eight digits, or the order told with strokes or a month of three letters) as
-- YYYY-MM-DD, where the day exists in every year; NULL for all others, which go through std_date_shape and behind.
CREATE OR REPLACE TEMP MACRO std_date_iso(written, reading_order) AS
    CASE
        WHEN regexp_matches(written, '^(?:19|20)[0-9]{2}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)$')
            THEN written
        WHEN reading_order = 'mdy' AND regexp_matches(written, '^(?:(?:0[1-9]|1[0-2])/(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])/(?:29|30)|(?:0[13578]|1[02])/31)/(?:19|20)[0-9]{2}$')
            THEN right(written, 4) || '-' || left(written, 2) || '-' || substr(written, 4, 2)
        WHEN reading_order = 'dmy' AND regexp_matches(written, '^(?:(?:0[1-9]|1[0-9]|2[0-8])/(?:0[1-9]|1[0-2])|(?:29|30)/(?:0[13-9]|1[0-2])|31/(?:0[13578]|1[02]))/(?:19|20)[0-9]{2}$')
            THEN right(written, 4) || '-' || substr(written, 4, 2) || '-' || left(written, 2)
        WHEN reading_order NOT IN ('mdy', 'dmy') AND regexp_matches(written, '^(?:19|20)[0-9]{2}(?:(?:0[1-9]|1[0-2])(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])(?:29|30)|(?:0[13578]|1[02])31)$')
            THEN left(written, 4) || '-' || substr(written, 5, 2) || '-' || right(written, 2)
        WHEN regexp_matches(written, '^(?:0[1-9]|1[0-9]|2[0-8])-(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)-(?:19|20)[0-9]{2}$')
            THEN right(written, 4) || '-' || lpad(std_month_number(lower(substr(written, 4, 3))), 2, '0') || '-' || left(written, 2)
    END

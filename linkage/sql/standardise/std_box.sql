-- A post office box written in a column of its own, in the words that the steps of an address read.
CREATE OR REPLACE TEMP MACRO std_box(written) AS
    CASE WHEN written <> '' AND regexp_matches(written, '[0-9]') THEN 'po box ' || regexp_extract(lower(written), '[0-9].*') END

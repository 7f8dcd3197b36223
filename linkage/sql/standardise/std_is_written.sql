-- Whether an attribute holds something other than white space and markers of a missing value.
CREATE OR REPLACE TEMP MACRO std_is_written(written) AS
    coalesce(NOT regexp_matches(written, getvariable('std_missing_pattern')), false)

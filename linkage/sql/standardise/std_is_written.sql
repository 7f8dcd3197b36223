-- Whether an attribute holds something other than white space and markers of a missing value.
CREATE OR REPLACE TEMP MACRO std_is_written(written) AS
    coalesce(trim(written) <> '' AND NOT std_is_placeholder('any', lower(trim(written))), false)

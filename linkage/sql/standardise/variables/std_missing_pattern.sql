-- Pattern of what is not written at all: white space or a marker of a missing value, in any case.
SET VARIABLE std_missing_pattern = (
    SELECT '(?i)^\s*(?:' || coalesce(string_agg(regexp_escape("value"), '|' ORDER BY "value"), '') || ')?\s*$'
    FROM reference.placeholder WHERE attribute = 'any'
)

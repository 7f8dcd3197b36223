-- Pattern of the two-letter code of a state at the end of an address line.
SET VARIABLE std_region_code_pattern = (
    SELECT '[ ,](?:' || coalesce(string_agg(DISTINCT written, '|' ORDER BY written), '[^\s\S]') || ')$'
    FROM reference.region
    WHERE regexp_matches(written, '^[a-z]{2}$')
)

-- Pattern of a state at the end of an address line.
SET VARIABLE std_region_pattern = (
    SELECT '^(.*?)[ ,]+(' || coalesce(string_agg(word, '|' ORDER BY length(word) DESC, word), '[^\s\S]') || ')$'
    FROM (SELECT DISTINCT regexp_replace(written, '[^a-z0-9 ]', '', 'g') AS word FROM reference.region)
    WHERE word <> ''
)

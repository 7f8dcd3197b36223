-- Pattern of a state of several words at the end of an address line that ends as a code does ("w va").
SET VARIABLE std_region_words_pattern = (
    SELECT '[ ,](?:' || coalesce(string_agg(DISTINCT word, '|' ORDER BY word), '[^\s\S]') || ')$'
    FROM (SELECT regexp_replace(written, '[^a-z0-9 ]', '', 'g') AS word FROM reference.region)
    WHERE regexp_matches(word, ' [a-z]{2}$')
)

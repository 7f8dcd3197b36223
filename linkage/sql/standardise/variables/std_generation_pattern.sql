-- Pattern of the first generation suffix among the endings of a name.
SET VARIABLE std_generation_pattern = (
    SELECT '(?:^|[ ,])(' || coalesce(string_agg(word, '|' ORDER BY length(word) DESC, word), '[^\s\S]') || ')(?:[ ,]|$)'
    FROM (SELECT DISTINCT regexp_replace(written, '[^a-z0-9 ]', '', 'g') AS word FROM reference.suffix WHERE form <> '')
    WHERE word <> ''
)

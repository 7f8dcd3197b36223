-- Pattern that parts a name from the suffixes and credentials at its end.
SET VARIABLE std_suffix_pattern = (
    SELECT '^(.+?)((?:[ ,]+(?:' || coalesce(string_agg(word, '|' ORDER BY length(word) DESC, word), '[^\s\S]') || '))+)$'
    FROM (SELECT DISTINCT regexp_replace(written, '[^a-z0-9 ]', '', 'g') AS word FROM reference.suffix)
    WHERE word <> ''
)

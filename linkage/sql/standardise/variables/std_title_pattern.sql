-- Pattern of titles at the start of a name part.
SET VARIABLE std_title_pattern = (
    SELECT '(^|,)(?:(?:' || coalesce(string_agg(word, '|' ORDER BY length(word) DESC, word), '[^\s\S]') || ') )+'
    FROM (SELECT DISTINCT regexp_replace(written, '[^a-z0-9 ]', '', 'g') AS word FROM reference.title)
    WHERE word <> ''
)

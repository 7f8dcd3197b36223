-- Pattern of a full name with the surname first: surname, suffix, comma, suffix, given, middle.
SET VARIABLE std_comma_pattern = (
    SELECT '^([^,]*?)(?: (' || words || '))?,(?:(' || words || ')[ ,])?([^ ,]+)(?:[ ,](.*))?$'
    FROM (
        SELECT coalesce(string_agg(word, '|' ORDER BY length(word) DESC, word), '[^\s\S]') AS words
        FROM (SELECT DISTINCT regexp_replace(written, '[^a-z0-9 ]', '', 'g') AS word FROM reference.suffix WHERE form <> '')
        WHERE word <> ''
    )
)

-- Pattern of a full name in natural order: given, middle, surname with its particles.
SET VARIABLE std_particle_pattern = (
    SELECT '^([^ ]+)(?: (.*?))??(?: ((?:(?:' || coalesce(string_agg(word, '|' ORDER BY length(word) DESC, word), '[^\s\S]') || ') )*[^ ]+))?$'
    FROM (SELECT DISTINCT regexp_replace(written, '[^\p{L}\p{M}\p{Nd} ]', '', 'g') AS word FROM reference.particle)
    WHERE word <> ''
)

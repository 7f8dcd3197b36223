-- Pattern of a name that is only a surname behind particles.
SET VARIABLE std_particle_surname_pattern = (
    SELECT '^(?:(?:' || coalesce(string_agg(word, '|' ORDER BY length(word) DESC, word), '[^\s\S]') || ') )+[^ ]+$'
    FROM (SELECT DISTINCT regexp_replace(written, '[^\p{L}\p{M}\p{Nd} ]', '', 'g') AS word FROM reference.particle)
    WHERE word <> ''
)

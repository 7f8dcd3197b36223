-- Pattern of the words that make a name more than a given name, middle names and a surname: titles, suffixes, particles.
SET VARIABLE std_name_word_pattern = (
    SELECT '(?:^|[ ,])(?:of|baronet' || coalesce('|' || string_agg(word, '|' ORDER BY length(word) DESC, word), '') || ')(?:[ ,]|$)'
    FROM (
        SELECT DISTINCT unnest([
            regexp_replace(lower(written), '[^\p{L}\p{M}\p{Nd} ]', '', 'g'), regexp_replace(lower(written), '[^a-z0-9 ]', '', 'g')]) AS word
        FROM (SELECT written FROM reference.title UNION ALL SELECT written FROM reference.suffix UNION ALL SELECT written FROM reference.particle)
    )
    WHERE word <> ''
)

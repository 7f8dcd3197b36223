-- Pattern that tells whether a name holds an abbreviation.
SET VARIABLE std_organisation_word_pattern = (
    SELECT '(?:^| )(?:' || coalesce(string_agg(word, '|' ORDER BY length(word) DESC, word), '[^\s\S]') || ')(?: |$)'
    FROM (SELECT DISTINCT regexp_replace(written, '[^a-z0-9 ]', '', 'g') AS word FROM reference.organisation_word)
    WHERE word <> ''
)

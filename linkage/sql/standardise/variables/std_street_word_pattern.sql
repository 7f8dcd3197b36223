-- Pattern that tells whether a street holds a word with a short form.
SET VARIABLE std_street_word_pattern = (
    SELECT '(?:^| )(?:' || coalesce(string_agg(regexp_escape(written), '|' ORDER BY length(written) DESC, written), '[^\s\S]') || ')(?: |$)'
    FROM reference.street_word
    WHERE short IS DISTINCT FROM written
)

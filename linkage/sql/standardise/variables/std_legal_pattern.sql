-- Pattern that splits a name into its core and the legal forms at its end.
SET VARIABLE std_legal_pattern = (
    SELECT '^(.+?)((?: (?:' || coalesce(string_agg(word, '|' ORDER BY length(word) DESC, word), '[^\s\S]') || '))+)$'
    FROM (SELECT DISTINCT regexp_replace(written, '[^\p{L}\p{M}\p{Nd} ]', '', 'g') AS word FROM reference.legal_form)
    WHERE word <> ''
)

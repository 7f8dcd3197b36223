-- Pattern of titles at the start of a name part; Thai ones stand without a space.
SET VARIABLE std_title_pattern = (
    SELECT '(^|,)(?:(?:นางสาว|นาย|นาง|เด็กชาย|เด็กหญิง) ?|(?:' || coalesce(string_agg(word, '|' ORDER BY length(word) DESC, word), '[^\s\S]') || ') )+'
    FROM (SELECT DISTINCT regexp_replace(written, '[^\p{L}\p{M}\p{Nd} ]', '', 'g') AS word FROM reference.title)
    WHERE word <> ''
)

-- Pattern of a legal form at the start of a name in another script.
SET VARIABLE std_legal_start_pattern = (
    SELECT '^(' || coalesce(string_agg(written, '|' ORDER BY length(written) DESC, written), '[^\s\S]') || ') '
    FROM reference.legal_form
    WHERE strlen(written) > length(written) AND NOT regexp_matches(written, '[^\p{L}\p{M}\p{Nd} ]')
)

-- Pattern of a text that names an organisation: a legal form at its end, or a word that no name of a person holds.
SET VARIABLE std_company_pattern = (
    SELECT '(?i)\b(?:sons?|bros|brothers|associates|partners|bank|trust|trustees?|company|estate|foundation|fund|church|school|university|city|county'
        || '|state|services?|group|holdings?|industries|enterprises?|international|systems?|solutions|partnership|centers?|centres?|properties|ventures'
        || '|investments?|consulting|construction|plumbing|restaurants?|imports?|exports?|trading|logistics|d[./]?b[./]?a)\b|[ ,](?:'
        || coalesce(string_agg(word, '|' ORDER BY length(word) DESC, word), '[^\s\S]') || ')\.?\s*$'
    FROM (SELECT DISTINCT regexp_replace(written, '[^\p{L}\p{M}\p{Nd} ]', '', 'g') AS word FROM reference.legal_form)
    WHERE length(word) > 2 OR word IN ('co', 'ag', 'sa', 'bv', 'nv', 'kg', 'lp')
)

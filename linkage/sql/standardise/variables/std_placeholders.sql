-- Patterns of placeholders by attribute, as written and folded; those of attribute 'any' count under each.
SET VARIABLE std_placeholders = (
    SELECT map_from_entries(list((attribute, pattern) ORDER BY attribute))
    FROM (
        SELECT attribute, '^(?:' || string_agg(regexp_escape(form), '|' ORDER BY form) || ')$' AS pattern
        FROM (
            SELECT DISTINCT kinds.attribute, unnest([
                held."value",
                trim(regexp_replace(held."value", '[^\p{L}\p{Nd}]+', ' ', 'g')),
                regexp_replace(held."value", '[^\p{L}\p{Nd}]+', '', 'g'),
                replace(held."value", ' ', '')
            ]) AS form
            FROM (SELECT DISTINCT attribute FROM reference.placeholder) AS kinds
            JOIN reference.placeholder AS held ON held.attribute IN (kinds.attribute, 'any')
        )
        WHERE form <> ''
        GROUP BY attribute
    )
)

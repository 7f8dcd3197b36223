-- The truth of overlaps: a person, business or account in open cases of two agencies, a phone or address on rows of such cases about several entities.
WITH entity_agency AS (
    SELECT DISTINCT entity, agency FROM demo.interest WHERE is_open
), value_agency AS (
    SELECT DISTINCT shown.kind, shown.value, interest.agency, shown.entity FROM demo.shown
    JOIN demo.interest USING (row, entity) SEMI JOIN (SELECT DISTINCT kind, value FROM demo.tied WHERE kind IN ('phone', 'address')) AS tied USING (kind, value) WHERE is_open
), found AS (
    SELECT split_part(entity, '-', 1) AS subject, entity AS which, list_sort(list(agency)) AS agencies, [entity] AS entities FROM entity_agency GROUP BY entity
    UNION ALL
    SELECT kind, value, list_sort(list_distinct(list(agency))), list_sort(list_distinct(list(entity))) FROM value_agency GROUP BY kind, value HAVING min(entity) <> max(entity)
)
SELECT subject, which, array_to_string(agencies, '+') AS agencies, array_to_string(entities, '+') AS entities FROM found WHERE len(agencies) > 1 ORDER BY subject, which

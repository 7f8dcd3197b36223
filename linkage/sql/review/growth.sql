-- Identities that at least doubled since the last release, by three records and more; the pair is their weakest link.
WITH grown AS (
    SELECT identity_id, records_before, records_after FROM published.identity_event
    WHERE entity_type = $kind AND event IN ('grew', 'changed') AND records_after >= 2 * records_before AND records_after >= records_before + 3
), weakest AS (
    SELECT identity_id, arg_min(struct_pack(a := a, b := b, weight := weight, levels := levels), row(weight, a, b)) AS link, count(*) AS pairs
    FROM link SEMI JOIN grown USING (identity_id) GROUP BY identity_id
)
SELECT 'sudden growth' AS reason, identity_id AS identity_a, CAST(NULL AS VARCHAR) AS identity_b, link.a AS a, link.b AS b, link.weight AS weight,
       link.levels AS levels, identity.weakest_link * 1024 AS mean, pairs, records_after - records_before AS moved, identity.records,
       'from ' || records_before || ' to ' || records_after || ' records' AS told
FROM grown JOIN weakest USING (identity_id) JOIN published.identity USING (identity_id)
WHERE NOT EXISTS (FROM judged WHERE judged.a = link.a AND judged.b = link.b)

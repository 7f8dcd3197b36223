-- Identities that at least doubled over the releases of `history`, by three records and more; the pair is their weakest link. An
-- identity that began among them is counted from what it began with.
WITH begun AS (
    SELECT identity_id, min(release) AS since,
           arg_min(CASE WHEN event IN ('grew', 'shrank', 'changed') THEN records_before ELSE records_after END, release) AS records_before
    FROM history WHERE entity_type = $kind AND event IN ('grew', 'shrank', 'changed', 'created', 'split', 'reinstated') GROUP BY identity_id
), grown AS (
    SELECT identity_id, begun.since, records_before, records AS records_after FROM begun JOIN published.identity USING (identity_id)
    WHERE records >= 2 * records_before AND records >= records_before + 3
), weakest AS (
    SELECT identity_id, arg_min(struct_pack(a := a, b := b, weight := weight, levels := levels), row(weight, a, b)) AS link, count(*) AS pairs
    FROM link SEMI JOIN grown USING (identity_id) GROUP BY identity_id
)
SELECT 'sudden growth' AS reason, identity_id AS identity_a, CAST(NULL AS VARCHAR) AS identity_b, link.a AS a, link.b AS b, link.weight AS weight,
       link.levels AS levels, identity.weakest_link * 1024 AS mean, pairs, records_after - records_before AS moved, identity.records,
       'from ' || records_before || ' to ' || records_after || ' records since release ' || grown.since AS told
FROM grown JOIN weakest USING (identity_id) JOIN published.identity USING (identity_id)
WHERE NOT EXISTS (FROM judged WHERE judged.a = link.a AND judged.b = link.b)

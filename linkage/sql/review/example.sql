-- The records of the identities in `chosen`, in either partition, by where they were and where they are now: a row an
-- identity of `chosen` and such a part, with its first records by name.
WITH named AS (
    SELECT entity_type, dataset || '/' || key || '#' || role AS name, earlier.identity_id AS before, later.identity_id AS after
    FROM earlier_record AS earlier FULL OUTER JOIN later_record AS later USING (entity_type, dataset, key, role)
    WHERE list_contains($ids, earlier.identity_id) OR list_contains($ids, later.identity_id)
)
SELECT chosen.identity_id, before, after, count(*) AS records, list_slice(list_sort(list(name)), 1, $shown) AS names
FROM (SELECT DISTINCT identity_id FROM chosen) AS chosen
JOIN named ON chosen.identity_id = before OR chosen.identity_id = after
GROUP BY ALL ORDER BY chosen.identity_id, records DESC, before NULLS LAST, after NULLS LAST

-- What became of identities since the last release. Identities of one record that merely begin or end are told by
-- the crosswalk itself and have no row.
WITH before AS (
    SELECT identity_id, entity_type, count(*) AS records FROM resolution.old GROUP BY ALL
), after AS (
    SELECT identity_id, entity_type, count(*) AS records, min(since) AS since FROM resolution.identified GROUP BY ALL
), moved AS (
    SELECT old.identity_id AS old_id, now.identity_id AS new_id, count(*) AS records
    FROM resolution.old JOIN resolution.identified AS now USING (entity_type, dataset, key, role)
    GROUP BY ALL
), kept AS (
    SELECT before.identity_id, before.entity_type, before.records AS records_before, after.records AS records_after,
           coalesce(moved.records, 0) AS shared
    FROM before JOIN after USING (identity_id)
    LEFT JOIN moved ON moved.old_id = before.identity_id AND moved.new_id = before.identity_id
)
SELECT identity_id, entity_type,
       CASE WHEN shared = records_before THEN 'grew' WHEN shared = records_after THEN 'shrank' ELSE 'changed' END AS event,
       CAST(NULL AS VARCHAR) AS other_id, records_before, records_after
FROM kept WHERE shared < records_before OR shared < records_after
UNION ALL
SELECT after.identity_id, after.entity_type, CASE WHEN moved.old_id IS NULL THEN 'created' ELSE 'split' END,
       moved.old_id, CAST(0 AS BIGINT), after.records
FROM after ANTI JOIN before USING (identity_id)
LEFT JOIN moved ON moved.new_id = after.identity_id
WHERE after.records > 1 OR moved.old_id IS NOT NULL
UNION ALL
SELECT before.identity_id, before.entity_type,
       CASE WHEN moved.new_id IS NULL THEN 'withdrawn'
            WHEN count(*) OVER (PARTITION BY before.identity_id) = 1 THEN 'merged' ELSE 'split' END,
       moved.new_id, before.records, CAST(0 AS BIGINT)
FROM before ANTI JOIN after USING (identity_id)
LEFT JOIN moved ON moved.old_id = before.identity_id
WHERE before.records > 1 OR moved.new_id IS NOT NULL

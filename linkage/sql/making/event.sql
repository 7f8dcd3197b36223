-- What became of identities since the last release, and why. In a first release identities of one record have no row: that
-- they begin is told by the crosswalk. An identity none of whose records is left was withdrawn, or retired where the audience
-- no longer sees any dataset that held it: then nobody withdrew its records. `making.purged` has the records that this run purges,
-- for the centre alone: elsewhere a record that was purged is gone like one that was withdrawn or is hidden now (rule R7).
WITH lost AS (
    SELECT DISTINCT identity_id FROM making.old SEMI JOIN making.purged USING (dataset, key)
), before AS (
    SELECT identity_id, entity_type, count(*) AS records, NOT bool_or(list_contains($datasets, dataset)) AS unseen
    FROM making.old GROUP BY ALL
), after AS (
    SELECT identity_id, entity_type, count(*) AS records FROM resolution.identified GROUP BY ALL
), moved AS (
    SELECT overlap.old_id, now.identity_id AS new_id, overlap.shared AS records
    FROM making.overlap JOIN resolution.identified AS now ON now.entity_type = overlap.entity_type AND now.record = overlap.cluster
), kept AS (
    SELECT before.identity_id, before.entity_type, before.records AS records_before, after.records AS records_after,
           coalesce(moved.records, 0) AS shared
    FROM before JOIN after USING (identity_id)
    LEFT JOIN moved ON moved.old_id = before.identity_id AND moved.new_id = before.identity_id
), told AS (
    SELECT identity_id, entity_type,
           CASE WHEN shared = records_before THEN 'grew' WHEN shared = records_after THEN 'shrank' ELSE 'changed' END AS event,
           CAST(NULL AS VARCHAR) AS other_id, records_before, records_after
    FROM kept WHERE shared < records_before OR shared < records_after
    UNION ALL
    SELECT after.identity_id, after.entity_type,
           CASE WHEN reinstated.old_id IS NOT NULL THEN 'reinstated' WHEN moved.old_id IS NULL THEN 'created' ELSE 'split' END,
           moved.old_id, CAST(0 AS BIGINT), after.records
    FROM after ANTI JOIN before USING (identity_id)
    LEFT JOIN moved ON moved.new_id = after.identity_id
    LEFT JOIN making.reinstated ON reinstated.old_id = after.identity_id
    WHERE after.records > 1 OR NOT $first
    UNION ALL
    SELECT before.identity_id, before.entity_type,
           CASE WHEN moved.new_id IS NULL THEN CASE WHEN lost.identity_id IS NOT NULL THEN 'purged' WHEN before.unseen THEN 'retired' ELSE 'withdrawn' END
                WHEN count(*) OVER (PARTITION BY before.identity_id) = 1 THEN 'merged' ELSE 'split' END,
           moved.new_id, before.records, CAST(0 AS BIGINT)
    FROM before ANTI JOIN after USING (identity_id)
    LEFT JOIN moved ON moved.old_id = before.identity_id
    LEFT JOIN lost ON lost.identity_id = before.identity_id
), decided AS (
    SELECT DISTINCT identity_id FROM (
        SELECT identity_id, entity_type, dataset, key, role FROM making.old
        UNION ALL SELECT identity_id, entity_type, dataset, key, role FROM resolution.identified
    ) SEMI JOIN making.decided USING (entity_type, dataset, key, role)
)
SELECT told.*, CAST($sequence AS BIGINT) AS release,
       CASE WHEN told.identity_id IN (FROM lost) OR told.other_id IN (FROM lost) THEN 'purge'
            WHEN one.identity_id IS NOT NULL OR two.identity_id IS NOT NULL THEN 'judgement'
            WHEN list_contains($remodelled, entity_type) AND NOT $first THEN 'model'
            ELSE $otherwise END AS cause
FROM told LEFT JOIN decided AS one ON one.identity_id = told.identity_id LEFT JOIN decided AS two ON two.identity_id = told.other_id

-- What changed between two partitions: a row an identity and kind of change, with its records in both.
WITH old AS (
    SELECT entity_type, before AS identity_id, sum(records) AS records, count(after) AS parts FROM cell
    WHERE before IS NOT NULL GROUP BY ALL
), new AS (
    SELECT entity_type, after AS identity_id, sum(records) AS records, count(before) AS parts FROM cell
    WHERE after IS NOT NULL GROUP BY ALL
), kept AS (
    SELECT entity_type, identity_id, old.records AS records_before, new.records AS records_after, cell.records AS shared
    FROM old JOIN new USING (entity_type, identity_id)
    LEFT JOIN cell ON cell.entity_type = old.entity_type AND before = identity_id AND after = identity_id
)
SELECT 'created' AS change, entity_type, identity_id, 0 AS records_before, records AS records_after FROM new WHERE parts = 0
UNION ALL
SELECT 'merged', entity_type, new.identity_id, coalesce(old.records, 0), new.records
FROM new LEFT JOIN old USING (entity_type, identity_id) WHERE new.parts > 1
UNION ALL
SELECT 'split', entity_type, old.identity_id, old.records, coalesce(new.records, 0)
FROM old LEFT JOIN new USING (entity_type, identity_id) WHERE old.parts > 1
UNION ALL
SELECT CASE WHEN shared = records_before THEN 'grew' WHEN shared = records_after THEN 'shrank' ELSE 'changed' END,
       entity_type, identity_id, records_before, records_after
FROM kept WHERE coalesce(shared, 0) < records_before OR coalesce(shared, 0) < records_after
UNION ALL
SELECT 'withdrawn', entity_type, identity_id, records, 0 FROM old WHERE parts = 0

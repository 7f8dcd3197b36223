-- Overlaps as they are published: with id, confidence, and the status that the ledger tells. A further agency makes it new again.
WITH named AS (
    SELECT *, fusion_opaque('O', concat_ws('|', 'overlap', subject, coalesce(value, array_to_string(identities, '|')))) AS overlap_id
    FROM fusion.overlap
), carried AS (
    SELECT fusion_opaque('O', concat_ws('|', 'overlap', lower(entity_type), new_id)) AS overlap_id,
           fusion_opaque('O', concat_ws('|', 'overlap', lower(entity_type), old_id)) AS old_id
    FROM making.redirect JOIN (SELECT identity_id AS new_id, entity_type FROM fusion.target) USING (new_id) WHERE NOT divided
), status AS (
    SELECT id AS overlap_id, status, agencies AS known, 0 AS place, entry FROM fusion.followed
    UNION ALL
    SELECT carried.overlap_id, followed.status, followed.agencies, 1, followed.entry FROM carried JOIN fusion.followed AS followed ON followed.id = carried.old_id
), latest AS (
    SELECT * FROM status QUALIFY row_number() OVER (PARTITION BY overlap_id ORDER BY place, entry DESC) = 1
), doubt AS (
    SELECT overlap_id, max(confidence) AS confidence
    FROM (SELECT overlap_id, unnest(identities) AS identity_id FROM named) JOIN release.published.identity USING (identity_id) GROUP BY overlap_id
)
SELECT named.*, doubt.confidence,
       CASE WHEN latest.status IS NULL OR NOT list_has_all(known, named.agencies) THEN 'new' ELSE latest.status END AS status
FROM named JOIN doubt USING (overlap_id) LEFT JOIN latest USING (overlap_id)

-- Identities that one low-weight link holds together: a row an identity, the bridge whose loss is most likely and concerns the most
-- records. What speaks for the whole is the weight of that link.
WITH sided AS (
    SELECT identity_id, identity.records, least(below, identity.records - below) AS moved,
           least(cut.record, cut.other) AS a, greatest(cut.record, cut.other) AS b
    FROM cut JOIN member ON member.record = cut.record JOIN published.identity USING (identity_id)
    WHERE cut.judged = 0
)
SELECT 'weak bridge' AS reason, sided.identity_id AS identity_a, CAST(NULL AS VARCHAR) AS identity_b, a, b, link.weight, link.levels,
       CAST(link.weight AS DOUBLE) AS mean, CAST(1 AS BIGINT) AS pairs, moved, records, moved || ' and ' || (records - moved) || ' records' AS told
FROM sided JOIN link USING (a, b)
WHERE link.weight < $weak
QUALIFY row_number() OVER (PARTITION BY sided.identity_id ORDER BY moved / (1 + pow(2.0, link.weight / 1024)) DESC, moved DESC, a, b) = 1

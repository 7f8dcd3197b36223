-- Identities that one link holds together: a row an identity, the bridge whose loss is most likely and concerns the most
-- records; the mean is over all pairs of records across the cut, one that was not compared weighs what a missing one does.
WITH sided AS (
    SELECT identity_id, identity.records, least(below, identity.records - below) AS moved, cut.pairs,
           (cut.weight + (below * (identity.records - below) - cut.pairs) * $missing) / (below * (identity.records - below)) AS mean,
           least(cut.record, cut.other) AS a, greatest(cut.record, cut.other) AS b
    FROM cut JOIN member ON member.record = cut.record JOIN published.identity USING (identity_id)
    WHERE cut.judged = 0
)
SELECT 'weak bridge' AS reason, sided.identity_id AS identity_a, CAST(NULL AS VARCHAR) AS identity_b, a, b, link.weight, link.levels, mean,
       pairs, moved, records, moved || ' and ' || (records - moved) || ' records' AS told
FROM sided JOIN link USING (a, b)
QUALIFY row_number() OVER (PARTITION BY sided.identity_id ORDER BY moved / (1 + pow(2.0, mean / 1024)) DESC, moved DESC, a, b) = 1

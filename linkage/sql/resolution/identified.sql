-- Each visible entity record with its identity: the old id where its cluster keeps one, else a new one (rule R4).
WITH named AS (
    SELECT first.entity_type, first.cluster,
           coalesce(matched.old_id, upper(left(first.entity_type, 1)) || '-' || left(sha256($outer::BLOB || unhex(sha256(
               $inner::BLOB || encode($sequence || '|' || first.entity_type || '|' || first.dataset || '/' || first.key || '#' || first.role)
           ))), $digits)) AS identity_id,
           coalesce(matched.since, $sequence) AS since
    FROM resolution.member AS first
    LEFT JOIN resolution.matched ON matched.entity_type = first.entity_type AND matched.cluster = first.cluster
    WHERE first.record = first.cluster
)
SELECT member.entity_type, member.record, member.dataset, member.key, member.role, member.agency,
       named.identity_id, named.since, member.ambiguous
FROM resolution.member JOIN named USING (entity_type, cluster)

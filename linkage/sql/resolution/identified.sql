-- Each visible entity record with its identity: the old id where its cluster keeps one, else a new one (rule R4).
-- `given` is the release's number, after a restore with the mark of that restore.
-- `identity` numbers the ids in their order: grouping and sorting by it costs less than by the id itself.
WITH named AS (
    SELECT first.entity_type, first.cluster,
           coalesce(matched.old_id, upper(left(first.entity_type, 1)) || '-' || left(sha256($outer::BLOB || unhex(sha256(
               $inner::BLOB || encode($given || '|' || first.entity_type || '|' || first.dataset || '/' || first.key || '#' || first.role)
           ))), $digits)) AS identity_id,
           coalesce(matched.since, $sequence) AS since
    FROM resolution.member AS first
    LEFT JOIN making.matched ON matched.entity_type = first.entity_type AND matched.cluster = first.cluster
    WHERE first.record = first.cluster
), numbered AS (
    SELECT *, row_number() OVER (ORDER BY identity_id) AS identity FROM named
)
SELECT member.entity_type, member.record, CAST(member.number AS INTEGER) AS number, member.dataset, member.key, member.role, member.agency, member.seen_on,
       numbered.identity, numbered.identity_id, numbered.since, member.ambiguous
FROM resolution.member JOIN numbered USING (entity_type, cluster)

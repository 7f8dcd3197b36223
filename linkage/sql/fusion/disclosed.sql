-- One row a relation that source rows disclose between two identities, of those with an identity in question.
SELECT * FROM (
    SELECT related.kind, one.identity_id AS from_identity, two.identity_id AS to_identity, count(*) AS records,
           list_sort(list(DISTINCT related.agency)) AS agencies, min(related.seen_on) AS first_seen, max(related.seen_on) AS last_seen,
           'disclosed' AS basis, CAST(NULL AS VARCHAR) AS value
    FROM making.related AS related
    JOIN making.party AS one ON one.entity_type = from_type AND one.dataset = related.dataset AND one.key = related.key AND one.role = from_role
    JOIN making.party AS two ON two.entity_type = to_type AND two.dataset = related.dataset AND two.key = related.key AND two.role = to_role
    GROUP BY related.kind, one.identity_id, two.identity_id
)
WHERE fusion_known(from_identity) OR fusion_known(to_identity)

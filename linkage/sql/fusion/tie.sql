-- One row two identities that a relation ties, in both directions; what ties them, when.
WITH tie AS (
    SELECT from_identity AS one, to_identity AS two, kind, value, basis, first_seen, last_seen FROM release.published.identity_relation
    WHERE from_identity <> to_identity
    UNION ALL
    SELECT to_identity, from_identity, kind, value, basis, first_seen, last_seen FROM release.published.identity_relation
    WHERE from_identity <> to_identity
)
SELECT one, two, list_sort(list(DISTINCT replace(kind, '_', ' ') || coalesce(' ' || value, ''))) AS shared,
       count(DISTINCT kind) FILTER (WHERE basis = 'derived') AS derived,
       coalesce(bool_or(kind IN ('shared_account', 'shared_device')), FALSE) AS by_account,
       coalesce(bool_or(kind = 'shared_phone'), FALSE) AS by_phone,
       coalesce(bool_or(kind = 'shared_address'), FALSE) AS by_address,
       coalesce(bool_or(basis = 'disclosed'), FALSE) AS by_disclosure, min(first_seen) AS first_seen, max(last_seen) AS last_seen
FROM tie SEMI JOIN (SELECT identity_id AS two FROM fusion.target WHERE entity_type <> 'account') AS target USING (two)
WHERE fusion_again(one)
GROUP BY one, two

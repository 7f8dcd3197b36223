-- One row an account whose parties may have changed: it is known, or a known identity was or is related to it.
WITH related AS (
    SELECT from_identity, to_identity FROM release.published.identity_relation WHERE basis = 'disclosed'
    UNION ALL SELECT from_identity, to_identity FROM fusion.disclosed
)
SELECT 'shared_account' AS kind, identity_id AS value FROM (
    FROM fusion.known
    UNION ALL SELECT to_identity FROM related WHERE fusion_known(from_identity)
    UNION ALL SELECT from_identity FROM related WHERE fusion_known(to_identity)
)

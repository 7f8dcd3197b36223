-- One row an account whose parties may have changed: it is touched, or a touched identity was or is related to it.
WITH touched AS (
    SELECT identity_id FROM making.stale UNION SELECT identity_id FROM resolution.identified
), related AS (
    SELECT from_identity, to_identity FROM release.published.identity_relation WHERE basis = 'disclosed'
    UNION ALL SELECT from_identity, to_identity FROM fusion.disclosed
)
SELECT 'shared_account' AS kind, identity_id AS value FROM (
    FROM touched
    UNION ALL SELECT to_identity FROM related WHERE from_identity IN (FROM touched)
    UNION ALL SELECT from_identity FROM related WHERE to_identity IN (FROM touched)
)

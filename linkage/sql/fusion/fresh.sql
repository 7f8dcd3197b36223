-- One row a new business at an address of several businesses.
WITH place AS (
    SELECT kind, value, identity_id FROM (
        SELECT kind, value, unnest([from_identity, to_identity]) AS identity_id FROM release.published.identity_relation WHERE kind = 'shared_address'
    ) SEMI JOIN release.published.business USING (identity_id) GROUP BY ALL
), shell AS (
    SELECT value FROM place GROUP BY value HAVING count(*) >= $shell
)
SELECT identity_id, identity.first_seen, identity.last_seen, list_sort(list(value)) AS addresses
FROM place SEMI JOIN shell USING (value) JOIN release.published.identity AS identity USING (identity_id)
WHERE identity.first_seen > (SELECT max(last_seen) FROM release.published.identity) - CAST($new_days AS INTEGER)
GROUP BY ALL

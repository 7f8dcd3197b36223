-- A new business at an address of several businesses, tied to a target.
WITH place AS (
    SELECT kind, value, identity_id FROM (
        SELECT kind, value, unnest([from_identity, to_identity]) AS identity_id FROM release.published.identity_relation WHERE kind = 'shared_address'
    ) SEMI JOIN release.published.business USING (identity_id) GROUP BY ALL
), shell AS (
    SELECT value FROM place GROUP BY value HAVING count(*) >= $shell
), fresh AS (
    SELECT identity_id, identity.first_seen, identity.last_seen, list_sort(list(value)) AS addresses
    FROM place SEMI JOIN shell USING (value) JOIN release.published.identity AS identity USING (identity_id)
    WHERE identity.first_seen > (SELECT max(last_seen) FROM release.published.identity) - CAST($new_days AS INTEGER)
    GROUP BY ALL
), tied AS (
    SELECT tie.one AS identity_id, count(*) AS targets, list_sort(list(tie.two)) AS others, bool_or(by_account OR by_disclosure) AS is_close,
           bool_or(alike.one IS NOT NULL) AS is_alike
    FROM fusion.tie LEFT JOIN fusion.alike ON alike.one = least(tie.one, tie.two) AND alike.two = greatest(tie.one, tie.two)
    GROUP BY tie.one
)
SELECT 'new_at_shell' AS rule, greatest(0, 40 + 10 * least(targets, 3) + 10 * is_close::INTEGER - 30 * is_alike::INTEGER) AS score,
       [identity_id] AS identities, others AS targets, [identity_id] AS about, list_transform(addresses, lambda word: 'shared address ' || word) AS shared,
       first_seen, last_seen, 'is a new business at an address of several, tied to ' || targets || ' subjects of open cases'
           || CASE WHEN is_alike THEN '; it may be one of them' ELSE '' END AS words
FROM fresh JOIN tied USING (identity_id)

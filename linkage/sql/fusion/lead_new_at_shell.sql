-- A new business at an address of several businesses, tied to a target.
WITH tied AS (
    SELECT tie.one AS identity_id, count(*) AS targets, list_sort(list(tie.two)) AS others, bool_or(by_account OR by_disclosure) AS is_close,
           bool_or(alike.one IS NOT NULL) AS is_alike
    FROM fusion.tie LEFT JOIN fusion.alike ON alike.one = least(tie.one, tie.two) AND alike.two = greatest(tie.one, tie.two)
    GROUP BY tie.one
)
SELECT 'new_at_shell' AS rule, greatest(0, 40 + 10 * least(targets, 3) + 10 * is_close::INTEGER - 30 * is_alike::INTEGER) AS score,
       [identity_id] AS identities, others AS targets, [identity_id] AS about, list_transform(addresses, lambda word: 'shared address ' || word) AS shared,
       first_seen, last_seen, 'is a new business at an address of several, tied to ' || targets || ' subjects of open cases'
           || CASE WHEN is_alike THEN '; it may be one of them' ELSE '' END AS words
FROM fusion.fresh JOIN tied USING (identity_id)

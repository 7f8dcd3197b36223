-- An identity in no case that is tied to two targets or more; one that is tied to very many identities is no lead but a hub.
WITH asked AS MATERIALIZED (
    SELECT DISTINCT one AS identity_id FROM fusion.tie
), listed AS (
    FROM release.published.identity_case SEMI JOIN asked USING (identity_id)
), party AS (
    FROM release.published.identity SEMI JOIN asked USING (identity_id) WHERE entity_type <> 'account'
), tied AS (
    SELECT tie.one AS identity_id, count(*) AS targets, list_sort(list(tie.two)) AS others, list_sort(list_distinct(flatten(list(target.agencies)))) AS agencies,
           list_sort(list_distinct(flatten(list(shared)))) AS shared, bool_or(by_account) AS by_account, bool_or(alike.one IS NOT NULL) AS is_alike,
           min(tie.first_seen) AS first_seen, max(tie.last_seen) AS last_seen
    FROM (
        FROM fusion.tie
        ANTI JOIN (SELECT identity_id AS one FROM listed) AS listed USING (one)
        SEMI JOIN (SELECT identity_id AS one FROM party) AS party USING (one)
    ) AS tie JOIN fusion.target AS target ON target.identity_id = tie.two
    LEFT JOIN fusion.alike ON alike.one = least(tie.one, tie.two) AND alike.two = greatest(tie.one, tie.two)
    GROUP BY tie.one HAVING count(*) BETWEEN 2 AND 5 * $most
)
SELECT 'ties_targets' AS rule,
       greatest(0, 20 + 10 * least(targets, 4) + 10 * (len(agencies) > 1)::INTEGER + 10 * by_account::INTEGER - 30 * is_alike::INTEGER) AS score,
       [identity_id] AS identities, others AS targets, [identity_id] AS about, shared, first_seen, last_seen,
       'is in no case and tied to ' || targets || ' subjects of open cases' || CASE WHEN is_alike THEN '; it may be one of them' ELSE '' END AS words
FROM tied

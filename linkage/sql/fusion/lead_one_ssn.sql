-- One SSN on several identities; one that very many hold is generic.
WITH held AS (
    SELECT ssn, identity_id, first_seen, last_seen FROM fusion.ssn_held JOIN release.published.identity USING (identity_id)
), shared AS (
    SELECT ssn, list_sort(list(identity_id)) AS identities, max(first_seen) AS first_seen, max(last_seen) AS last_seen
    FROM held GROUP BY ssn HAVING min(identity_id) <> max(identity_id) AND count(*) <= $most
), pair AS (
    SELECT ssn, one.identity_id AS one, two.identity_id AS two FROM held AS one JOIN held AS two USING (ssn) SEMI JOIN shared USING (ssn)
    WHERE one.identity_id < two.identity_id
), known AS (
    SELECT ssn, count(*) AS targets FROM held SEMI JOIN shared USING (ssn) SEMI JOIN fusion.target USING (identity_id) GROUP BY ssn
), weighed AS (
    SELECT pair.ssn, bool_or(doubtful.one IS NOT NULL OR left_side.birth_date = right_side.birth_date
               OR (left_side.given_name = right_side.given_name AND jaro_winkler_similarity(left_side.surname, right_side.surname) > 0.9)) AS is_alike
    FROM pair LEFT JOIN fusion.doubtful ON doubtful.one = pair.one AND doubtful.two = pair.two
    JOIN release.published.person AS left_side ON left_side.identity_id = pair.one
    JOIN release.published.person AS right_side ON right_side.identity_id = pair.two
    GROUP BY pair.ssn
)
SELECT 'one_ssn' AS rule, greatest(0, 55 + 10 * least(coalesce(targets, 0), 2) - 40 * coalesce(is_alike, FALSE)::INTEGER) AS score,
       identities, CAST([] AS VARCHAR[]) AS targets, ['ssn', ssn] AS about, ['ssn ' || ssn] AS shared, first_seen, last_seen,
       'hold one social security number' || CASE WHEN is_alike THEN '; they may be one' ELSE '' END AS words
FROM shared JOIN weighed USING (ssn) LEFT JOIN known USING (ssn)

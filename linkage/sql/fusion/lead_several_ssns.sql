-- Several SSNs on one identity, more than a slip apart.
WITH held AS (
    SELECT identity_id, ssn, count(*) AS records, min(person.seen_on) AS first_seen, max(person.seen_on) AS last_seen
    FROM canonical.person AS person JOIN fusion_again_row() AS again ON again.entity_type = 'person' AND again.record = person.record
    WHERE ssn IS NOT NULL GROUP BY identity_id, ssn
), many AS (
    SELECT identity_id FROM held GROUP BY identity_id HAVING count(*) BETWEEN 2 AND $most
), apart AS (
    SELECT identity_id, min(least(one.records, two.records)) AS fewest
    FROM (FROM held SEMI JOIN many USING (identity_id)) AS one JOIN held AS two USING (identity_id)
    WHERE one.ssn < two.ssn AND damerau_levenshtein(one.ssn, two.ssn) > 2 GROUP BY identity_id
)
SELECT 'several_ssns' AS rule, 35 + 10 * (target.identity_id IS NOT NULL)::INTEGER + 15 * (any_value(fewest) > 1)::INTEGER AS score,
       [held.identity_id] AS identities, CAST([] AS VARCHAR[]) AS targets, [held.identity_id] AS about, list_sort(list('ssn ' || ssn)) AS shared, max(held.first_seen) AS first_seen,
       max(held.last_seen) AS last_seen, 'holds ' || count(*) || ' social security numbers that differ by more than a slip' AS words
FROM held JOIN apart USING (identity_id) LEFT JOIN fusion.target AS target USING (identity_id)
GROUP BY held.identity_id, target.identity_id

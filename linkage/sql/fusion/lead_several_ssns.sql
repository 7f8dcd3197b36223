-- Several SSNs on one identity, more than a slip apart; or on two of one name and birth date that share a phone, address, device or account: the number alone may have parted them.
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
), tied AS (
    SELECT DISTINCT from_identity AS one, to_identity AS two FROM release.published.identity_relation
    WHERE basis = 'derived' AND fusion_again(from_identity) AND fusion_again(to_identity)
), parted AS (
    SELECT one, two, left_side.ssn AS ssn, right_side.ssn AS other
    FROM tied JOIN release.published.person AS left_side ON left_side.identity_id = one JOIN release.published.person AS right_side ON right_side.identity_id = two
    WHERE left_side.birth_date = right_side.birth_date AND left_side.given_name = right_side.given_name AND left_side.surname = right_side.surname
        AND damerau_levenshtein(left_side.ssn, right_side.ssn) > 2
)
SELECT 'several_ssns' AS rule, 35 + 10 * (target.identity_id IS NOT NULL)::INTEGER + 15 * (any_value(fewest) > 1)::INTEGER AS score,
       [held.identity_id] AS identities, CAST([] AS VARCHAR[]) AS targets, [held.identity_id] AS about, list_sort(list('ssn ' || ssn)) AS shared, max(held.first_seen) AS first_seen,
       max(held.last_seen) AS last_seen, 'holds ' || count(*) || ' social security numbers that differ by more than a slip' AS words
FROM held JOIN apart USING (identity_id) LEFT JOIN fusion.target AS target USING (identity_id)
GROUP BY held.identity_id, target.identity_id
UNION ALL
SELECT 'several_ssns', 25 + 10 * (one IN (SELECT identity_id FROM fusion.target) OR two IN (SELECT identity_id FROM fusion.target))::INTEGER,
       [one, two], [], [one, two], list_sort(['ssn ' || ssn, 'ssn ' || other]), greatest(left_side.first_seen, right_side.first_seen), greatest(left_side.last_seen, right_side.last_seen),
       'have one name and birth date and share a phone, address, device or account, but social security numbers that differ by more than a slip; they may be one'
FROM parted JOIN release.published.identity AS left_side ON left_side.identity_id = one JOIN release.published.identity AS right_side ON right_side.identity_id = two

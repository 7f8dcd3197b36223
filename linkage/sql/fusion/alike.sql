-- One row two tied persons or businesses that may be one all the same: a possible match, or one birth date, SSN or tax number. Numbers apart tell two.
WITH pair AS MATERIALIZED (
    SELECT DISTINCT least(one, two) AS one, greatest(one, two) AS two FROM fusion.tie
), told AS MATERIALIZED (
    FROM (
        SELECT identity_id, birth_date, ssn AS number FROM release.published.person
        UNION ALL SELECT identity_id, NULL, tax_id FROM release.published.business
    ) SEMI JOIN (SELECT one AS identity_id FROM pair UNION SELECT two FROM pair) AS tied USING (identity_id)
)
SELECT pair.one, pair.two FROM pair
JOIN told AS left_side ON left_side.identity_id = pair.one JOIN told AS right_side ON right_side.identity_id = pair.two
LEFT JOIN fusion.doubtful ON doubtful.one = pair.one AND doubtful.two = pair.two
WHERE left_side.birth_date = right_side.birth_date OR left_side.number = right_side.number
    OR (doubtful.one IS NOT NULL AND coalesce(damerau_levenshtein(left_side.number, right_side.number) <= 2, TRUE))

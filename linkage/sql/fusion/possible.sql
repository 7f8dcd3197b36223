-- One row two identities that may be one, and would then be in open cases of more agencies than either of them is.
WITH pair AS (
    SELECT doubtful.one, doubtful.two, weight, len(list_distinct(left_side.agencies || right_side.agencies)) AS number
    FROM fusion.doubtful
    JOIN fusion.target AS left_side ON left_side.identity_id = doubtful.one
    JOIN fusion.target AS right_side ON right_side.identity_id = doubtful.two
    WHERE (fusion_again(doubtful.one) OR fusion_again(doubtful.two)) AND number > len(left_side.agencies) AND number > len(right_side.agencies)
), ends AS (
    SELECT one, two, weight, one AS identity_id FROM pair UNION ALL SELECT one, two, weight, two FROM pair
), told AS (
    SELECT one, two, any_value(weight) AS weight, any_value(entity_type) AS entity_type, agency, flatten(list(cases)) AS cases,
           flatten(list(contacts)) AS contacts, min(first_seen) AS first_seen, max(last_seen) AS last_seen
    FROM ends JOIN fusion.interest USING (identity_id) GROUP BY one, two, agency
)
SELECT one, two, any_value(weight) AS weight, any_value(entity_type) AS entity_type, list_sort(list(agency)) AS agencies,
       list_sort(list_distinct(flatten(list(cases)))) AS cases, list_sort(list_distinct(flatten(list(contacts)))) AS contacts,
       list_sort(list(first_seen) FILTER (WHERE first_seen IS NOT NULL))[2] AS first_seen, max(last_seen) AS last_seen
FROM told GROUP BY one, two

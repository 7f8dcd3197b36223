-- One row an identity with an open case: who has one, since when a second agency has.
SELECT identity_id, any_value(entity_type) AS entity_type, list_sort(list(agency)) AS agencies,
       list_sort(flatten(list(cases))) AS cases, list_sort(flatten(list(contacts))) AS contacts,
       list_sort(list(first_seen) FILTER (WHERE first_seen IS NOT NULL))[2] AS first_seen, max(last_seen) AS last_seen
FROM fusion.interest GROUP BY identity_id

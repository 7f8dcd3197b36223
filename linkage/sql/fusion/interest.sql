-- One row an identity and an agency that has an open case on it.
SELECT identity_id, any_value(entity_type) AS entity_type, agency,
       list_sort(list(agency || ' ' || case_number)) AS cases,
       list_transform(list_sort(list_distinct(flatten(list(contacts)))), lambda contact: agency || ': ' || contact) AS contacts,
       min(first_seen) AS first_seen, max(last_seen) AS last_seen
FROM release.published.identity_case WHERE is_open AND fusion_near(identity_id) GROUP BY identity_id, agency

-- One row two identities and a value that both hold.
SELECT kind, one.identity_id AS from_identity, two.identity_id AS to_identity, one.records + two.records AS records,
       list_sort(list_distinct(one.agencies || two.agencies)) AS agencies, least(one.first_seen, two.first_seen) AS first_seen,
       greatest(one.last_seen, two.last_seen) AS last_seen, 'derived' AS basis, value
FROM fusion.held AS one JOIN fusion.held AS two USING (kind, value) WHERE one.identity_id < two.identity_id

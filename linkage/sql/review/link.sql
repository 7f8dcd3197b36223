-- The compared pairs inside identities, weights in 1/1024 bit.
SELECT one.record AS a, two.record AS b, link.identity_id, CAST(round(weight * 1024) AS BIGINT) AS weight, levels
FROM published.link_evidence AS link
JOIN member AS one ON one.dataset = dataset_a AND one.key = key_a AND one.role = role_a
JOIN member AS two ON two.dataset = dataset_b AND two.key = key_b AND two.role = role_b
WHERE entity_type = $kind

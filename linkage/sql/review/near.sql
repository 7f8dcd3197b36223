-- The compared pairs between identities, the smaller id first, weights in 1/1024 bit.
SELECT one.record AS a, two.record AS b, least(identity_a, identity_b) AS low, greatest(identity_a, identity_b) AS high,
       CAST(round(weight * 1024) AS BIGINT) AS weight, levels, dataset_a, dataset_b, reason,
       CASE WHEN one.ambiguous THEN identity_a WHEN two.ambiguous THEN identity_b END AS undecided
FROM published.possible_match
JOIN member AS one ON one.dataset = dataset_a AND one.key = key_a AND one.role = role_a
JOIN member AS two ON two.dataset = dataset_b AND two.key = key_b AND two.role = role_b
WHERE entity_type = $kind

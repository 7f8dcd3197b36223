-- The judged pairs of a type that the release holds, with the identities of the two records.
SELECT DISTINCT one.record AS a, two.record AS b, one.identity_id AS identity_a, two.identity_id AS identity_b
FROM told
JOIN member AS one ON one.dataset = dataset_a AND one.key = key_a AND one.role = role_a
JOIN member AS two ON two.dataset = dataset_b AND two.key = key_b AND two.role = role_b

-- One row two identities that may be one, with the best weight of their pairs.
SELECT least(identity_a, identity_b) AS one, greatest(identity_a, identity_b) AS two, max(weight) AS weight
FROM release.published.possible_match GROUP BY ALL

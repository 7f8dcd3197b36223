-- One row two identities that may be one, with the best weight of their pairs.
SELECT least(identity_a, identity_b) AS one, greatest(identity_a, identity_b) AS two, max(weight) AS weight
FROM release.published.possible_match WHERE fusion_near(identity_a) OR fusion_near(identity_b) GROUP BY ALL

-- One row a pair of old identity and new cluster that share records; contested where either has another partner.
WITH first AS (
    SELECT entity_type, record, dataset, key, role FROM resolution.member WHERE record = cluster
), sizes AS (
    SELECT entity_type, cluster, count(*) AS size FROM resolution.member GROUP BY ALL
), pairs AS (
    SELECT member.entity_type, member.cluster, old.identity_id AS old_id, any_value(old.since) AS since, count(*) AS shared
    FROM resolution.member JOIN making.old USING (entity_type, dataset, key, role)
    GROUP BY ALL
)
SELECT pairs.entity_type, pairs.cluster, pairs.old_id, pairs.since, pairs.shared, sizes.size,
       first.dataset AS first_dataset, first.key AS first_key, first.role AS first_role,
       count(*) OVER (PARTITION BY pairs.entity_type, pairs.cluster) > 1
       OR count(*) OVER (PARTITION BY pairs.old_id) > 1 AS contested
FROM pairs JOIN sizes USING (entity_type, cluster)
JOIN first ON first.entity_type = pairs.entity_type AND first.record = pairs.cluster

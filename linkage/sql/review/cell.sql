-- What two partitions hold in common: a row a type, identity of the first and identity of the second, with its records; the
-- identity is NULL on the side of a partition that lacks the records.
SELECT entity_type, earlier.identity_id AS before, later.identity_id AS after, count(*) AS records
FROM earlier_record AS earlier FULL OUTER JOIN later_record AS later USING (entity_type, dataset, key, role)
GROUP BY ALL

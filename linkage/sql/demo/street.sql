-- Street names: 4,096 equal buckets, each name as many as its share.
WITH listed AS (
    SELECT street, weight::BIGINT AS weight FROM read_csv($folder || '/streets.csv', header = true, all_varchar = true)
),
summed AS (
    SELECT
        street, weight, sum(weight) OVER (ORDER BY weight DESC, street) AS running, sum(weight) OVER () AS total
    FROM listed
)
SELECT
    street, unnest(range(((running - weight) * 4096 // total)::BIGINT, (running * 4096 // total)::BIGINT)) AS bucket
FROM summed

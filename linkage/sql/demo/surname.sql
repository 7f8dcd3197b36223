-- Frequent surnames: 65,536 equal buckets, each frequent name as many as its share; empty buckets mean a rare name.
WITH listed AS (
    SELECT name, share::BIGINT AS weight FROM read_csv($folder || '/surnames.csv', header = true, all_varchar = true)
),
summed AS (
    SELECT
        name,
        (sum(weight) OVER (ORDER BY weight DESC, name) * 65536 // 100000)::BIGINT AS upto,
        ((sum(weight) OVER (ORDER BY weight DESC, name) - weight) * 65536 // 100000)::BIGINT AS since
    FROM listed
)
SELECT name, unnest(range(since, upto)) AS bucket FROM summed

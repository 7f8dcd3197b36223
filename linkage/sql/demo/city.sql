-- Cities: 4,096 equal buckets, each city as many as its share of the listed population (square root: small ones matter).
WITH listed AS (
    SELECT city, region, zip_prefix, area_code, round(1000 * sqrt(weight::DOUBLE))::BIGINT AS weight
    FROM read_csv($folder || '/cities.csv', header = true, all_varchar = true)
),
summed AS (
    SELECT
        city, region, zip_prefix, area_code, weight,
        sum(weight) OVER (ORDER BY weight DESC, city, region) AS running,
        sum(weight) OVER () AS total
    FROM listed
)
SELECT
    city, region, zip_prefix, area_code,
    unnest(range(((running - weight) * 4096 // total)::BIGINT, (running * 4096 // total)::BIGINT)) AS bucket
FROM summed

-- Invented banks: 4,096 equal buckets, each bank as many as its share.
WITH listed AS (
    SELECT * EXCLUDE (weight), weight::BIGINT AS weight
    FROM read_csv($folder || '/banks.csv', header = true, all_varchar = true)
),
summed AS (
    SELECT *, sum(weight) OVER (ORDER BY weight DESC, bank) AS running, sum(weight) OVER () AS total FROM listed
)
SELECT
    bank, short_name, abbreviation, country, routing_number, bic, iban_code,
    unnest(range(((running - weight) * 4096 // total)::BIGINT, (running * 4096 // total)::BIGINT)) AS bucket
FROM summed

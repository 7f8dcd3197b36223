-- Given names of each sex: 16,384 equal buckets, each name as many as its share, and its short forms.
WITH listed AS (
    SELECT sex, name, share::BIGINT AS weight FROM read_csv($folder || '/given_names.csv', header = true, all_varchar = true)
),
summed AS (
    SELECT
        sex, name, weight,
        sum(weight) OVER (PARTITION BY sex ORDER BY weight DESC, name) AS running,
        sum(weight) OVER (PARTITION BY sex) AS total
    FROM listed
),
short AS (
    SELECT name, list(nickname ORDER BY nickname) AS nicknames
    FROM read_csv($folder || '/nicknames.csv', header = true, all_varchar = true)
    GROUP BY name
)
SELECT
    summed.sex, summed.name, short.nicknames,
    unnest(range(((running - weight) * 16384 // total)::BIGINT, (running * 16384 // total)::BIGINT)) AS bucket
FROM summed LEFT JOIN short USING (name)

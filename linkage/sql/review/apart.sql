-- Two identities that may be one: a row a pair of identities without a judgement between them. The mean is over all pairs
-- of their records, as clustering takes it; a pair that is not listed weighs what a missing one does. Clustering knew the
-- pairs that are not listed: where no rule and no doubt kept the two apart, it found less than a match.
WITH grouped AS (
    SELECT low, high, count(*) AS listed, CAST(sum(weight) AS BIGINT) AS total,
           arg_max(struct_pack(a := a, b := b, weight := weight, levels := levels), row(weight, -a, -b)) AS best,
           min(undecided) AS undecided,
           bool_or(weight >= $match AND dataset_a = dataset_b AND list_contains($strict, dataset_a)) AS strict,
           max(weight) >= $match AS above, bool_or(list_has_any(string_split(levels, ';'), $rules)) AS ruled
    FROM near GROUP BY low, high
), open AS (
    FROM grouped ANTI JOIN (
        SELECT least(identity_a, identity_b) AS low, greatest(identity_a, identity_b) AS high FROM judged
    ) USING (low, high)
), sized AS (
    SELECT open.*, one.records AS low_records, two.records AS high_records,
           (total + (one.records * two.records - listed) * $missing) / (one.records * two.records) AS mean
    FROM open JOIN published.identity AS one ON one.identity_id = low
    JOIN published.identity AS two ON two.identity_id = high
), bounded AS (
    SELECT * REPLACE (CASE WHEN strict OR ruled OR undecided IS NOT NULL THEN mean ELSE least(mean, $match) END AS mean) FROM sized
), chosen AS (
    -- A record between two identities is one question: the better of them stands for it.
    SELECT *, list(CASE WHEN low = undecided THEN high ELSE low END)
              OVER (PARTITION BY coalesce(undecided, low || high) ORDER BY mean DESC, low, high ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS candidates
    FROM bounded
    QUALIFY row_number() OVER (PARTITION BY coalesce(undecided, low || high) ORDER BY mean DESC, low, high) = 1
)
SELECT CASE WHEN undecided IS NOT NULL THEN 'ambiguous' WHEN strict THEN 'strict dataset' WHEN ruled THEN 'kept apart by rule' WHEN above THEN 'kept apart' ELSE 'review band' END AS reason,
       low AS identity_a, high AS identity_b, best.a AS a, best.b AS b, best.weight AS weight, best.levels AS levels, mean,
       listed AS pairs, least(low_records, high_records) AS moved, low_records + high_records AS records,
       CASE WHEN undecided IS NOT NULL THEN undecided || ' fits ' || array_to_string(candidates[1:5], ', ') END AS told
FROM chosen

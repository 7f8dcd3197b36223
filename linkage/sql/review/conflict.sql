-- Two strong values in one identity that are more than a slip apart: a row an identity and attribute, the values that the
-- most records hold; the mean is over the compared pairs between the holders of one and those of the other. Clustering, which
-- joined them, found a match at least.
WITH strong AS (
    SELECT identity_id, attribute, value, stored_value.records, record_names,
           CASE WHEN attribute = 'identifier' THEN regexp_extract(value, '^[^:]*:[^:]*:') ELSE attribute END AS sort
    FROM published.stored_value JOIN published.identity USING (identity_id)
    WHERE entity_type = $kind AND list_contains(['ssn', 'birth_date', 'tax_id', 'iban', 'identifier'], attribute)
    AND NOT (attribute = 'identifier' AND starts_with(value, 'passport:'))
), apart AS (
    SELECT one.identity_id, one.sort, one.attribute, one.value AS value_a, two.value AS value_b, one.records AS records_a,
           two.records AS records_b, one.record_names AS names_a, two.record_names AS names_b
    FROM strong AS one JOIN strong AS two
    ON one.identity_id = two.identity_id AND one.sort = two.sort AND one.value < two.value
    WHERE damerau_levenshtein(one.value, two.value) > CASE WHEN one.attribute = 'birth_date' THEN 2 ELSE 1 END
    AND (one.attribute <> 'birth_date' OR abs(date_diff('day', TRY_CAST(one.value AS DATE), TRY_CAST(two.value AS DATE))) > 366)
), chosen AS (
    SELECT row_number() OVER (ORDER BY identity_id, sort) AS number, * FROM apart
    QUALIFY row_number() OVER (PARTITION BY identity_id, sort ORDER BY least(records_a, records_b) DESC, records_a + records_b DESC, value_a, value_b) = 1
), holder AS (
    SELECT number, member.record, side FROM (
        SELECT number, unnest(names_a) AS name, 1 AS side FROM chosen UNION ALL SELECT number, unnest(names_b), 2 FROM chosen
    ) JOIN member USING (name)
), pair AS (
    SELECT one.number, least(one.record, two.record) AS a, greatest(one.record, two.record) AS b
    FROM holder AS one JOIN holder AS two ON one.number = two.number AND one.side = 1 AND two.side = 2
    WHERE one.record <> two.record
), found AS (
    SELECT number, count(link.a) AS pairs, CAST(sum(link.weight) AS BIGINT) AS total, count(judged.a) AS judgements,
           arg_min(struct_pack(a := pair.a, b := pair.b, weight := link.weight, levels := link.levels), row(link.weight IS NULL, coalesce(link.weight, 0), pair.a, pair.b)) AS worst
    FROM pair LEFT JOIN link ON link.a = pair.a AND link.b = pair.b
    LEFT JOIN judged ON judged.a = pair.a AND judged.b = pair.b
    GROUP BY number
)
SELECT 'conflicting values' AS reason, chosen.identity_id AS identity_a, CAST(NULL AS VARCHAR) AS identity_b, worst.a AS a, worst.b AS b,
       worst.weight AS weight, worst.levels AS levels, greatest(coalesce(total / pairs, identity.weakest_link * 1024), $match) AS mean, pairs,
       least(records_a, records_b) AS moved, identity.records,
       attribute || ' ' || value_a || ' (' || records_a || ') and ' || value_b || ' (' || records_b || ')' AS told
FROM found JOIN chosen USING (number) JOIN published.identity USING (identity_id)
WHERE judgements = 0

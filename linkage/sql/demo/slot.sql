-- How often entities appear: blocks of 1,000 entities whose numbers of records follow the given shares exactly, so that
-- the entity of any appearance is found by arithmetic. `$*_repeats` hold cumulative shares of 1, 2, 3 ... records.
WITH kinds AS (
    SELECT 'person' AS kind, $person_repeats::DOUBLE[] AS cumulative
    UNION ALL SELECT 'business', $business_repeats::DOUBLE[]
    UNION ALL SELECT 'account', $account_repeats::DOUBLE[]
),
members AS (
    SELECT kind, cumulative, member, row_number() OVER (PARTITION BY kind ORDER BY demo.draw(member, 'slot ' || kind), member) AS place
    FROM kinds, (SELECT unnest(range(1000)) AS member)
),
times AS (
    SELECT kind, member, unnest(range(1 + len(list_filter(cumulative, lambda share: (place - 0.5) / 1000 > share)))) AS nth
    FROM members
)
SELECT kind, member, row_number() OVER (PARTITION BY kind ORDER BY member, nth) - 1 AS slot FROM times

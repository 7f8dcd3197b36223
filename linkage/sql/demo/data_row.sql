-- One row a row of a file: its dataset, key, time (0 to 1 over the years) and the entities that it tells of.
WITH person_row AS (
    SELECT n * 3 AS row, (n // $person_slots) * 1000 + member AS person, NULL::BIGINT AS business, NULL::BIGINT AS account
    FROM (SELECT unnest(range($person_rows)) AS n) AS appearance
    JOIN demo.slot ON slot.kind = 'person' AND slot.slot = n % $person_slots
),
business_row AS (
    SELECT n * 3 + 1 AS row, NULL::BIGINT AS person, (n // $business_slots) * 1000 + member AS business, NULL::BIGINT AS account
    FROM (SELECT unnest(range($business_rows)) AS n) AS appearance
    JOIN demo.slot ON slot.kind = 'business' AND slot.slot = n % $business_slots
),
account_row AS (
    SELECT row, demo.row_holder(row, account) AS person, demo.row_firm(row, account) AS business, account
    FROM demo.account_row
),
every_row AS (
    SELECT * FROM person_row UNION ALL SELECT * FROM business_row UNION ALL SELECT * FROM account_row
),
placed AS (
    SELECT
        row, person, business, account,
        CASE
            WHEN account IS NOT NULL THEN CASE WHEN demo.u(row, 'r.dataset') < 0.55 THEN 'ice_financial' ELSE 'fincen_reports' END
            WHEN business IS NOT NULL THEN CASE
                WHEN demo.u(row, 'r.dataset') < 0.45 THEN 'dea_roi'
                WHEN demo.u(row, 'r.dataset') < 0.75 THEN 'fbi_intercepts' ELSE 'fincen_reports' END
            WHEN demo.u(row, 'r.dataset') < 0.25 THEN 'dea_roi'
            WHEN demo.u(row, 'r.dataset') < 0.45 THEN 'fbi_intercepts'
            WHEN demo.u(row, 'r.dataset') < 0.62 THEN 'atf_traces'
            WHEN demo.u(row, 'r.dataset') < 0.86 THEN 'cbp_declarants'
            ELSE 'fincen_reports'
        END AS dataset,
        demo.u(row, 'r.time') AS t
    FROM every_row
),
numbered AS (
    SELECT *, row_number() OVER (PARTITION BY dataset ORDER BY demo.draw(row, 'r.key'), row) * 3 + demo.pick(row, 'r.gap', 3) AS n
    FROM placed
)
SELECT
    row, dataset, t, person, business, account,
    CASE dataset
        WHEN 'dea_roi' THEN 'ROI' || lpad(n::VARCHAR, 9, '0')
        WHEN 'fbi_intercepts' THEN 'EL-' || lpad((n // 10000)::VARCHAR, 5, '0') || '-' || lpad((n % 10000)::VARCHAR, 4, '0')
        WHEN 'ice_financial' THEN '21' || lpad(n::VARCHAR, 10, '0')
        WHEN 'atf_traces' THEN 'T' || lpad(n::VARCHAR, 10, '0')
        WHEN 'cbp_declarants' THEN 'D' || lpad(n::VARCHAR, 9, '0') || 'K'
        ELSE '31000' || lpad(n::VARCHAR, 9, '0')
    END AS key
FROM numbered

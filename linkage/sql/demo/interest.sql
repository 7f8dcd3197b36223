-- One row an entity that a row of an agency's file tells of: whose case the row belongs to, and whether that is open.
WITH told AS (
    SELECT row, t, ['DEA', 'FBI', 'ICE', 'ATF'][list_position(['dea_roi', 'fbi_intercepts', 'ice_financial', 'atf_traces'], dataset)] AS agency,
           CASE dataset WHEN 'dea_roi' THEN 1 WHEN 'fbi_intercepts' THEN 2 WHEN 'ice_financial' THEN 3 WHEN 'atf_traces' THEN 4 END AS number,
           person, business, account
    FROM demo.data_row
), opened AS (
    SELECT *, coalesce(number IS NOT NULL AND demo.case_is_open(demo.row_case(number, row, person, business, account)), FALSE) AS is_open FROM told
)
SELECT row, t, 'person-' || person AS entity, agency, is_open FROM opened WHERE person IS NOT NULL
UNION ALL SELECT row, t, 'business-' || business, agency, is_open FROM opened WHERE business IS NOT NULL
UNION ALL SELECT row, t, 'account-' || account, agency, is_open FROM opened WHERE account IS NOT NULL

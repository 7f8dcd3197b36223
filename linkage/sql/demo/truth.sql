-- The truth: which entity each entity record tells of.
SELECT dataset, key, CASE dataset WHEN 'fbi_intercepts' THEN 'subscriber' WHEN 'ice_financial' THEN 'holder'
        WHEN 'atf_traces' THEN 'purchaser' WHEN 'cbp_declarants' THEN 'declarant' ELSE 'subject' END AS role,
    'person-' || person::VARCHAR AS entity
FROM demo.data_row WHERE person IS NOT NULL
UNION ALL
SELECT dataset, key, CASE dataset WHEN 'dea_roi' THEN 'company' WHEN 'fbi_intercepts' THEN 'company'
        WHEN 'ice_financial' THEN 'firm' ELSE 'organisation' END, 'business-' || business::VARCHAR
FROM demo.data_row WHERE business IS NOT NULL
UNION ALL
SELECT dataset, key, 'account', 'account-' || account::VARCHAR FROM demo.data_row WHERE account IS NOT NULL
ORDER BY dataset, key, role

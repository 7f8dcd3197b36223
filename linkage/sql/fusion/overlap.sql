-- One row an overlap, before its id and status: identities, identities that may be one, phones, addresses and devices.
SELECT CASE entity_type WHEN 'account' THEN 'investigative data' ELSE 'target' END AS kind, entity_type AS subject,
       [identity_id] AS identities, CAST(NULL AS VARCHAR) AS value, agencies, cases, contacts, 'certain' AS strength,
       CAST(NULL AS DOUBLE) AS weight, first_seen, last_seen
FROM fusion.target WHERE len(agencies) > 1 AND fusion_again(identity_id)
UNION ALL
SELECT CASE entity_type WHEN 'account' THEN 'investigative data' ELSE 'target' END, entity_type,
       [one, two], NULL, agencies, cases, contacts, 'possible', weight, first_seen, last_seen
FROM fusion.possible
UNION ALL
SELECT 'investigative data', split_part(kind, '_', 2), identities, value, agencies, cases, contacts, 'certain', NULL, first_seen, last_seen
FROM fusion.datum

-- The crosswalk of the last release where there is none: no rows.
SELECT CAST(NULL AS VARCHAR) AS identity_id, CAST(NULL AS VARCHAR) AS entity_type, CAST(NULL AS BIGINT) AS since,
       CAST(NULL AS VARCHAR) AS dataset, CAST(NULL AS VARCHAR) AS key, CAST(NULL AS VARCHAR) AS role,
       CAST(NULL AS VARCHAR) AS agency, CAST(NULL AS BOOLEAN) AS ambiguous
WHERE FALSE

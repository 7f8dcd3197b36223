-- One row a relation between two entity records of one source row, as its agency disclosed it; the records by role and by number.
SELECT CAST(NULL AS VARCHAR) AS kind, CAST(NULL AS VARCHAR) AS dataset, CAST(NULL AS VARCHAR) AS key,
       CAST(NULL AS VARCHAR) AS agency, CAST(NULL AS DATE) AS seen_on,
       CAST(NULL AS VARCHAR) AS from_type, CAST(NULL AS VARCHAR) AS from_role,
       CAST(NULL AS VARCHAR) AS to_type, CAST(NULL AS VARCHAR) AS to_role, CAST(NULL AS INTEGER) AS marking,
       CAST(NULL AS BIGINT) AS from_record, CAST(NULL AS BIGINT) AS to_record
WHERE FALSE

-- One row a source row that names an investigation: its number, status, whether that means an open case, and contact.
SELECT CAST(NULL AS VARCHAR) AS dataset, CAST(NULL AS VARCHAR) AS key, CAST(NULL AS VARCHAR) AS agency,
       CAST(NULL AS VARCHAR) AS number, CAST(NULL AS VARCHAR) AS status, CAST(NULL AS VARCHAR) AS contact,
       CAST(NULL AS INTEGER) AS marking, CAST(NULL AS BOOLEAN) AS is_open
WHERE FALSE

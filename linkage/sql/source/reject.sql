-- One row a refused row: where it stood, why it was refused, and its text.
SELECT CAST(NULL AS VARCHAR) AS dataset, CAST(NULL AS VARCHAR) AS agency, CAST(NULL AS BIGINT) AS delivery,
       CAST(NULL AS VARCHAR) AS file, CAST(NULL AS BIGINT) AS line, CAST(NULL AS VARCHAR) AS reason,
       CAST(NULL AS VARCHAR) AS raw, CAST(NULL AS BIGINT) AS first_delivery, CAST(NULL AS VARCHAR[]) AS header
WHERE FALSE

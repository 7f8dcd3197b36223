-- One row a delivery: its files and the sums that account for every row read (rule R6).
SELECT CAST(NULL AS VARCHAR) AS dataset, CAST(NULL AS BIGINT) AS delivery, CAST(NULL AS VARCHAR) AS received_at,
       CAST(NULL AS VARCHAR[]) AS files, CAST(NULL AS VARCHAR) AS fingerprint, CAST(NULL AS BIGINT) AS rows_read,
       CAST(NULL AS BIGINT) AS accepted, CAST(NULL AS BIGINT) AS rejected, CAST(NULL AS BIGINT) AS superseded,
       CAST(NULL AS BIGINT) AS withdrawn, CAST(NULL AS BIGINT) AS purged, CAST(NULL AS BIGINT) AS no_entity
WHERE FALSE

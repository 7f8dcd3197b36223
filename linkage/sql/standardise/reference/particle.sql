-- Particles that belong to the surname behind them.
CREATE OR REPLACE TABLE reference.particle AS
SELECT DISTINCT lower(trim(written)) AS written
FROM read_csv($path, header = true, auto_detect = false, delim = ',', quote = '"', columns = {'written': 'VARCHAR'})
WHERE trim(written) <> ''
ORDER BY ALL

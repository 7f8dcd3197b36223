-- Titles that stand before a name and are dropped.
CREATE OR REPLACE TABLE reference.title AS
SELECT DISTINCT lower(trim(written)) AS written
FROM read_csv($path, header = true, auto_detect = false, delim = ',', quote = '"', columns = {'written': 'VARCHAR'})
WHERE trim(written) <> ''
ORDER BY ALL

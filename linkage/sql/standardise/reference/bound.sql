-- Bounds that the standardisers use, each with its reason.
CREATE OR REPLACE TABLE reference.bound AS
SELECT lower(trim(name)) AS name, "value", why
FROM read_csv($path, header = true, auto_detect = false, delim = ',', quote = '"',
    columns = {'name': 'VARCHAR', 'value': 'INTEGER', 'why': 'VARCHAR'})
ORDER BY ALL

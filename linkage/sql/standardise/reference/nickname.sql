-- The root name of each nickname or spelling variant.
CREATE OR REPLACE TABLE reference.nickname AS
SELECT lower(trim("name")) AS "name", min(coalesce(lower(trim("root")), '')) AS "root"
FROM read_csv($path, header = true, auto_detect = false, delim = ',', quote = '"',
    columns = {'name': 'VARCHAR', 'root': 'VARCHAR'})
WHERE trim("name") <> ''
GROUP BY ALL
ORDER BY ALL

-- The root name of each nickname or spelling variant; a root is its own.
CREATE OR REPLACE TABLE reference.nickname AS
SELECT "name", min(root) AS root
FROM (
    SELECT unnest([lower(trim("name")), lower(trim(root))]) AS "name", lower(trim(root)) AS root
    FROM read_csv($path, header = true, auto_detect = false, delim = ',', quote = '"',
        columns = {'name': 'VARCHAR', 'root': 'VARCHAR'})
    WHERE trim("name") <> '' AND trim(root) <> ''
)
GROUP BY ALL
ORDER BY ALL

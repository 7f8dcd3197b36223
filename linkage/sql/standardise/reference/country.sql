-- Names of countries and their two-letter code.
CREATE OR REPLACE TABLE reference.country AS
SELECT lower(trim("written")) AS "written", min(coalesce(lower(trim("code")), '')) AS "code"
FROM read_csv($path, header = true, auto_detect = false, delim = ',', quote = '"',
    columns = {'written': 'VARCHAR', 'code': 'VARCHAR'})
WHERE trim("written") <> ''
GROUP BY ALL
ORDER BY ALL

-- International calling code of each country.
CREATE OR REPLACE TABLE reference.calling_code AS
SELECT lower(trim("country")) AS "country", min(coalesce(lower(trim("code")), '')) AS "code"
FROM read_csv($path, header = true, auto_detect = false, delim = ',', quote = '"',
    columns = {'country': 'VARCHAR', 'code': 'VARCHAR'})
WHERE trim("country") <> ''
GROUP BY ALL
ORDER BY ALL

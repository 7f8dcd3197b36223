-- Street words and directions and their short form.
CREATE OR REPLACE TABLE reference.street_word AS
SELECT lower(trim("written")) AS "written", min(coalesce(lower(trim("short")), '')) AS "short"
FROM read_csv($path, header = true, auto_detect = false, delim = ',', quote = '"',
    columns = {'written': 'VARCHAR', 'short': 'VARCHAR'})
WHERE trim("written") <> ''
GROUP BY ALL
ORDER BY ALL

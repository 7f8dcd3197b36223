-- Legal forms of organisations as they stand at the end of a name.
CREATE OR REPLACE TABLE reference.legal_form AS
SELECT lower(trim("written")) AS "written", min(coalesce(lower(trim("form")), '')) AS "form"
FROM read_csv($path, header = true, auto_detect = false, delim = ',', quote = '"',
    columns = {'written': 'VARCHAR', 'form': 'VARCHAR'})
WHERE trim("written") <> ''
GROUP BY ALL
ORDER BY ALL

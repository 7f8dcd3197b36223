-- Generation suffixes and their form; an empty form is a credential that is dropped.
CREATE OR REPLACE TABLE reference.suffix AS
SELECT lower(trim("written")) AS "written", min(coalesce(lower(trim("form")), '')) AS "form"
FROM read_csv($path, header = true, auto_detect = false, delim = ',', quote = '"',
    columns = {'written': 'VARCHAR', 'form': 'VARCHAR'})
WHERE trim("written") <> ''
GROUP BY ALL
ORDER BY ALL

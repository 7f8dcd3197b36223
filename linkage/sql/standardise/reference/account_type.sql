-- Words for the type of an account and the type they mean.
CREATE OR REPLACE TABLE reference.account_type AS
SELECT lower(trim("written")) AS "written", min(coalesce(lower(trim("form")), '')) AS "form"
FROM read_csv($path, header = true, auto_detect = false, delim = ',', quote = '"',
    columns = {'written': 'VARCHAR', 'form': 'VARCHAR'})
WHERE trim("written") <> ''
GROUP BY ALL
ORDER BY ALL

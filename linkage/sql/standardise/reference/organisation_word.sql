-- Abbreviations inside organisation names and the word they stand for.
CREATE OR REPLACE TABLE reference.organisation_word AS
SELECT lower(trim("written")) AS "written", min(coalesce(lower(trim("full")), '')) AS "full"
FROM read_csv($path, header = true, auto_detect = false, delim = ',', quote = '"',
    columns = {'written': 'VARCHAR', 'full': 'VARCHAR'})
WHERE trim("written") <> ''
GROUP BY ALL
ORDER BY ALL

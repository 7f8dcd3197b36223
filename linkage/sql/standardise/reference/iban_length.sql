-- Length of an IBAN by country.
CREATE OR REPLACE TABLE reference.iban_length AS
SELECT lower(trim("country")) AS "country", min(coalesce(lower(trim("length")), '')) AS "length"
FROM read_csv($path, header = true, auto_detect = false, delim = ',', quote = '"',
    columns = {'country': 'VARCHAR', 'length': 'VARCHAR'})
WHERE trim("country") <> ''
GROUP BY ALL
ORDER BY ALL

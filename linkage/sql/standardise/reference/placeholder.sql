-- Values that stand for "nothing known", by attribute, with the reason; attribute 'any' holds for all.
CREATE OR REPLACE TABLE reference.placeholder AS
SELECT lower(trim(attribute)) AS attribute, lower(trim("value")) AS "value", min(why) AS why
FROM read_csv($path, header = true, auto_detect = false, delim = ',', quote = '"',
    columns = {'attribute': 'VARCHAR', 'value': 'VARCHAR', 'why': 'VARCHAR'})
WHERE trim(attribute) <> '' AND trim("value") <> ''
GROUP BY ALL
ORDER BY ALL

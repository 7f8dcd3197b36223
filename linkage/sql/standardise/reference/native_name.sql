-- Names in scripts that are not spoken letter by letter, and their usual Latin spelling; written without marks, in one form of each letter.
CREATE OR REPLACE TABLE reference.native_name AS
SELECT
    translate(regexp_replace(lower(trim("written")), '[\x{591}-\x{5BD}\x{5BF}-\x{5C7}\x{610}-\x{61A}\x{640}\x{64B}-\x{65F}\x{670}]', '', 'g'),
        'أإآٱىیکة', 'ااااييكه') AS "written",
    min(lower(trim(latin))) AS latin
FROM read_csv($path, header = true, auto_detect = false, delim = ',', quote = '"',
    columns = {'written': 'VARCHAR', 'latin': 'VARCHAR'})
WHERE trim("written") <> '' AND trim(latin) <> ''
GROUP BY ALL
ORDER BY ALL

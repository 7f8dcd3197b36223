-- Length of an IBAN by country, and the places of the domestic account number in it; empty where they are not known.
CREATE OR REPLACE TABLE reference.iban_length AS
SELECT lower(trim("country")) AS "country", min(coalesce(lower(trim("length")), '')) AS "length",
    min(coalesce(trim("account_from"), '')) AS "account_from", min(coalesce(trim("account_to"), '')) AS "account_to"
FROM read_csv($path, header = true, auto_detect = false, delim = ',', quote = '"',
    columns = {'country': 'VARCHAR', 'length': 'VARCHAR', 'account_from': 'VARCHAR', 'account_to': 'VARCHAR'})
WHERE trim("country") <> ''
GROUP BY "country"
ORDER BY ALL

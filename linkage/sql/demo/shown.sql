-- One row a phone, address or account that a row shows with a person or business, fillers aside.
WITH place AS (
    SELECT row, 'person-' || person AS entity, phone, phone2, house_number, street, unit, coalesce(postcode, city) AS town FROM demo.person_record
    UNION ALL SELECT row, 'business-' || business, phone, NULL, house_number, street, unit, coalesce(postcode, city) FROM demo.business_record
)
SELECT row, entity, 'phone' AS kind, value FROM (SELECT row, entity, unnest([phone, phone2]) AS value FROM place)
WHERE value IS NOT NULL AND value NOT IN ('0000000000', '9999999999', '5555555555', '1234567890')
UNION ALL
SELECT row, entity, 'address', lower(concat_ws(' ', house_number, street, '#' || unit, town)) FROM place
WHERE house_number IS NOT NULL AND street IS NOT NULL AND town IS NOT NULL
UNION ALL
SELECT row, unnest([CASE WHEN person IS NOT NULL THEN 'person-' || person END, CASE WHEN business IS NOT NULL THEN 'business-' || business END]), 'account', 'account-' || account
FROM demo.data_row WHERE account IS NOT NULL AND (person IS NOT NULL OR business IS NOT NULL)

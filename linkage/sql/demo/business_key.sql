-- Everything of a business record that could tell which it is, alone or in combination, one row a value.
WITH seen AS (
    SELECT
        row, business AS entity, regexp_replace(lower(name), '[^a-z0-9]', '', 'g') AS name,
        regexp_replace(lower(trading_name), '[^a-z0-9]', '', 'g') AS trading_name,
        ein, phone, website, house_number || ' ' || lower(street) AS home, lower(city) AS city
    FROM demo.business_record
    WHERE demo.sampled(business, $modulus)
),
listed AS (
    SELECT
        row, entity,
        unnest([
            'name ' || name, 'name ' || trading_name, 'head ' || left(name, 8), 'head city ' || left(name, 6) || ' ' || city,
            'name city ' || name || ' ' || city, 'tail city ' || right(name, 8) || ' ' || city, 'ein ' || ein, 'phone ' || phone, 'site ' || website, 'home ' || home,
            'head home ' || left(name, 5) || ' ' || home, 'head phone ' || left(name, 5) || ' ' || phone
        ]) AS value
    FROM seen
)
SELECT row, entity, hash(value) AS value FROM listed WHERE value IS NOT NULL

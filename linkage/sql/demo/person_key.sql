-- Everything of a person record that could tell who it is, alone or in combination, one row a value.
WITH seen AS (
    SELECT
        row, person AS entity, lower(given_name) AS given, lower(surname) AS surname, lower(middle_name) AS middle,
        birth_date::VARCHAR AS born, ssn, licence, passport, phone, phone2, email, house_number || ' ' || lower(street) AS home,
        lower(city) AS city, postcode
    FROM demo.person_record
    WHERE demo.sampled(person, $modulus)
),
listed AS (
    SELECT
        row, entity,
        unnest([
            'surname ' || surname, 'name ' || given || ' ' || surname, 'initial ' || left(given, 1) || ' ' || surname,
            'head ' || given || ' ' || left(surname, 4), 'tail ' || given || ' ' || right(surname, 4),
            'swapped ' || least(given, surname) || ' ' || greatest(given, surname),
            'name city ' || given || ' ' || surname || ' ' || city, 'name middle ' || given || ' ' || left(middle, 1) || ' ' || surname,
            'name zip ' || left(given, 1) || ' ' || surname || ' ' || postcode,
            'given born ' || given || ' ' || born, 'surname born ' || surname || ' ' || born,
            'given home ' || left(given, 1) || ' ' || home, 'born home ' || home || ' ' || born, 'home ' || home,
            'ssn ' || ssn, 'given ssn ' || right(ssn, 4) || left(given, 1), 'surname ssn ' || right(ssn, 4) || ' ' || surname,
            'licence ' || licence, 'passport ' || passport, 'email ' || email,
            'phone ' || phone, 'phone ' || phone2, 'given phone ' || phone || left(given, 1), 'given phone ' || phone2 || left(given, 1)
        ]) AS value
    FROM seen
)
SELECT row, entity, hash(value) AS value FROM listed WHERE value IS NOT NULL

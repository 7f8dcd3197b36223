-- Everything of an account record that could tell which it is, alone or in combination, one row a value.
WITH seen AS (
    SELECT
        row, account AS entity, CASE WHEN NOT masked THEN number END AS number, right(number, 4) AS tail,
        coalesce(routing_number, left(bic, 8), bank_name) AS bank, type::VARCHAR AS type, opened_on::VARCHAR AS opened,
        string_split(lower(title), ' ')[-1] AS surname, string_split(lower(title), ' ')[1] AS given, lower(title) AS title
    FROM demo.account_record
    WHERE demo.sampled(account, $modulus)
),
listed AS (
    SELECT
        row, entity,
        unnest([
            'number ' || number, 'number type ' || number || ' ' || type, 'number bank ' || number || ' ' || bank,
            'number bank type ' || number || ' ' || bank || ' ' || type, 'number surname ' || number || ' ' || surname,
            'tail ' || tail, 'tail bank ' || tail || ' ' || bank, 'tail bank type ' || tail || ' ' || bank || ' ' || type,
            'tail surname ' || tail || ' ' || surname, 'tail surname type ' || tail || ' ' || surname || ' ' || type,
            'tail given ' || tail || ' ' || given, 'tail type ' || tail || ' ' || type,
            'title ' || title, 'title bank ' || title || ' ' || bank, 'title bank type ' || title || ' ' || bank || ' ' || type,
            'title type ' || title || ' ' || type, 'opened ' || opened, 'opened surname ' || opened || ' ' || surname
        ]) AS value
    FROM seen
)
SELECT row, entity, hash(value) AS value FROM listed WHERE value IS NOT NULL

-- One row an account: the names of its holders as the bank writes them.
WITH holder AS (
    SELECT account, demo.owner(account) AS person, 0 AS place FROM (SELECT unnest(range(demo.accounts())) AS account)
    UNION ALL
    SELECT account, demo.relative(demo.owner(account)), 1
    FROM (SELECT unnest(range(demo.accounts())) AS account) WHERE demo.is_joint(account)
),
named AS (
    SELECT
        account, place, given.name AS given, left(second.name, 1) AS middle,
        coalesce(surname.name, demo.rare_surname(demo.draw(demo.surname_key(person, 0.5), 'n.rare'))) AS surname
    FROM holder
    LEFT JOIN demo.given_name AS given
        ON given.sex = demo.sex(person) AND given.bucket = demo.pick(demo.name_key(person), 'n.given', 16384)
    LEFT JOIN demo.given_name AS second
        ON second.sex = demo.sex(person) AND second.bucket = demo.pick(demo.name_key(person), 'n.middle', 16384)
    LEFT JOIN demo.surname AS surname ON surname.bucket = demo.pick(demo.surname_key(person, 0.5), 'n.surname', 65536)
)
SELECT
    account,
    max(given) FILTER (place = 0) AS given, max(middle) FILTER (place = 0) AS middle, max(surname) FILTER (place = 0) AS surname,
    max(given) FILTER (place = 1) AS given2, max(surname) FILTER (place = 1) AS surname2
FROM named
GROUP BY account

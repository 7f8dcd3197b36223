-- What was planted: pairs of entities that look alike or belong together, and single entities with a peculiarity.
WITH person AS (
    SELECT DISTINCT person FROM demo.data_row WHERE person IS NOT NULL
),
business AS (
    SELECT DISTINCT business FROM demo.data_row WHERE business IS NOT NULL
),
account AS (
    SELECT DISTINCT account FROM demo.data_row WHERE account IS NOT NULL
),
found AS (
    SELECT 'junior' AS phenomenon, 'person-' || a.person AS entity, 'person-' || b.person AS other
    FROM person AS a JOIN person AS b ON b.person = a.person - 2 WHERE demo.is_junior(a.person)
    UNION ALL
    SELECT 'twins', 'person-' || a.person, 'person-' || b.person
    FROM person AS a JOIN person AS b ON b.person = a.person - 1 WHERE demo.place(a.person) = 3 AND demo.has_twins(a.person // 8)
    UNION ALL
    SELECT 'stolen_ssn', 'person-' || a.person, 'person-' || b.person
    FROM person AS a JOIN person AS b ON b.person = demo.ssn_owner(a.person) WHERE demo.steals_ssn(a.person) AND a.person <> b.person
    UNION ALL
    SELECT 'changed_surname', 'person-' || person, NULL FROM person WHERE demo.changes_surname(person)
    UNION ALL
    SELECT 'shell_address', 'business-' || a.business, 'business-' || b.business
    FROM business AS a JOIN business AS b ON b.business // 4 = a.business // 4 AND b.business > a.business WHERE demo.is_shell(a.business)
    UNION ALL
    SELECT 'chain', 'business-' || business, NULL FROM business WHERE demo.is_chain(business)
    UNION ALL
    SELECT 'account_' || demo.kin(a.account), 'account-' || a.account, 'account-' || b.account
    FROM account AS a JOIN account AS b ON b.account = a.account - 1 WHERE demo.kin(a.account) <> 'none'
    UNION ALL
    SELECT 'joint_account', 'account-' || account, NULL FROM account WHERE demo.is_joint(account)
    UNION ALL
    SELECT 'account_holder', 'account-' || account, 'person-' || person
    FROM (SELECT DISTINCT account, person FROM demo.data_row WHERE account IS NOT NULL AND person IS NOT NULL)
)
SELECT phenomenon, entity, other FROM found ORDER BY phenomenon, entity, other

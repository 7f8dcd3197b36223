-- One row two entities and what rows show of both: a phone, address or account that no more than ten entities show, or a firm named with a person.
WITH holder AS (
    SELECT DISTINCT kind, value, entity FROM demo.shown WHERE entity IS NOT NULL
), telling AS (
    SELECT kind, value FROM holder GROUP BY kind, value HAVING count(*) BETWEEN 2 AND 10
), found AS (
    SELECT kind, value, one.entity AS one, two.entity AS two
    FROM holder AS one JOIN holder AS two USING (kind, value) SEMI JOIN telling USING (kind, value) WHERE one.entity < two.entity
    UNION
    SELECT 'named', '', least(person, business), greatest(person, business)
    FROM (SELECT 'person-' || person AS person, 'business-' || business AS business FROM demo.data_row WHERE person IS NOT NULL AND business IS NOT NULL)
)
SELECT kind, value, one, two FROM found UNION ALL SELECT kind, value, two, one FROM found

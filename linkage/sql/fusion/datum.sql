-- One row a phone, address or device on records of open cases of two agencies or more, about two identities or more; generic ones aside.
WITH seen AS (
    SELECT kind, value, member.identity_id, told.agency, told.number AS case_number, told.contact, member.seen_on
    FROM (FROM fusion.member SEMI JOIN fusion.telling USING (kind, value)) AS member JOIN canonical."case" AS told USING (dataset, key)
    SEMI JOIN (FROM release.published.identity_case WHERE is_open) AS open_case
        ON open_case.agency = told.agency AND open_case.case_number = told.number AND open_case.identity_id = member.identity_id
), told AS (
    SELECT kind, value, agency, list(DISTINCT identity_id) AS identities, list(DISTINCT agency || ' ' || case_number) AS cases,
           coalesce(list(DISTINCT agency || ': ' || contact) FILTER (WHERE contact IS NOT NULL), []) AS contacts,
           min(seen_on) AS first_seen, max(seen_on) AS last_seen
    FROM seen GROUP BY kind, value, agency
)
SELECT kind, value, list_sort(list_distinct(flatten(list(identities)))) AS identities, list_sort(list(agency)) AS agencies,
       list_sort(flatten(list(cases))) AS cases, list_sort(flatten(list(contacts))) AS contacts,
       list_sort(list(first_seen) FILTER (WHERE first_seen IS NOT NULL))[2] AS first_seen, max(last_seen) AS last_seen
FROM told GROUP BY kind, value HAVING count(*) > 1 AND len(list_distinct(flatten(list(identities)))) > 1

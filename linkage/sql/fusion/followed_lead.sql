-- Leads as they are published: with id, who has cases on the identities, and what the ledger tells of their state.
WITH named AS (
    SELECT *, fusion_opaque('L', concat_ws('|', 'lead', rule, array_to_string(about, '|'))) AS lead_id FROM fusion.lead
), listed AS (
    SELECT lead_id, unnest(identities || targets) AS identity_id, unnest(range(len(identities || targets))) AS place FROM named
), told AS (
    SELECT lead_id, list_sort(list_distinct(flatten(list(agencies)))) AS agencies, list_sort(list_distinct(flatten(list(cases)))) AS cases
    FROM listed JOIN fusion.target USING (identity_id) GROUP BY lead_id
), name AS (
    SELECT lead_id, CASE len(names) WHEN 1 THEN names[1] ELSE array_to_string(names[:least(3, len(names)) - CASE WHEN len(names) > 3 THEN 0 ELSE 1 END], ', ')
               || ' and ' || CASE WHEN len(names) > 3 THEN (len(names) - 3) || ' more' ELSE names[-1] END END AS names, names[1] AS first_name
    FROM (
        SELECT lead_id, list(coalesce(person.name, business.name, identity_id) ORDER BY place) AS names
        FROM listed LEFT JOIN release.published.person AS person USING (identity_id) LEFT JOIN release.published.business AS business USING (identity_id)
        GROUP BY lead_id
    )
), carried AS (
    SELECT fusion_opaque('L', concat_ws('|', 'lead', rule, new_id)) AS lead_id, fusion_opaque('L', concat_ws('|', 'lead', rule, old_id)) AS old_id
    FROM making.redirect JOIN (SELECT rule, about[1] AS new_id FROM fusion.lead WHERE len(about) = 1) USING (new_id) WHERE NOT divided
), state AS (
    SELECT id AS lead_id, status, assignee, 0 AS place, entry FROM fusion.followed
    UNION ALL SELECT carried.lead_id, followed.status, followed.assignee, 1, followed.entry FROM carried JOIN fusion.followed AS followed ON followed.id = carried.old_id
), latest AS (
    SELECT * FROM state QUALIFY row_number() OVER (PARTITION BY lead_id ORDER BY place, entry DESC) = 1
)
SELECT named.* EXCLUDE (identities), list_sort(identities) AS identities, coalesce(told.agencies, []) AS agencies, coalesce(told.cases, []) AS cases,
       CASE WHEN len(identities) = 1 THEN first_name ELSE names END || ' ' || words || '.' AS sentence, coalesce(latest.status, 'new') AS status, latest.assignee,
       'unverified: confirm with the record''s owner' AS notice
FROM named JOIN name USING (lead_id) LEFT JOIN told USING (lead_id) LEFT JOIN latest USING (lead_id)

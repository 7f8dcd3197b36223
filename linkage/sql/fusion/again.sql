-- One row an identity whose overlaps and leads are made again: it is known, in a changed case or at an end of a changed relation, or tied to one that is; or a new business at a shell address.
WITH moved AS (
    FROM fusion.known
    UNION FROM fusion.again
    UNION SELECT identity_id FROM release.published.identity_case
    WHERE (agency, case_number) IN (SELECT (agency, number) FROM fusion.case_moved)
)
FROM moved
UNION SELECT to_identity FROM release.published.identity_relation WHERE from_identity IN (FROM moved)
UNION SELECT from_identity FROM release.published.identity_relation WHERE to_identity IN (FROM moved)
UNION SELECT identity_id FROM fusion.fresh

-- One row an identity and a case that its records belong to. The latest row of a case tells its status; of several on one day, an open one.
WITH again AS MATERIALIZED (
    FROM canonical."case" WHERE fusion_case_again(agency, number)
), told AS MATERIALIZED (
    SELECT now.identity_id, now.entity_type, now.seen_on, told.agency, told.number AS case_number, told.status, told.is_open, told.contact
    FROM again AS told JOIN (FROM resolution.now WHERE fusion_case_key(key)) AS now USING (dataset, key)
), latest AS (
    SELECT agency, case_number,
           arg_max(struct_pack(status := status, is_open := is_open), row(coalesce(seen_on, DATE '0001-01-01'), is_open, coalesce(status, ''))) AS state
    FROM told GROUP BY agency, case_number
)
SELECT identity_id, entity_type, agency, case_number, state.status AS status, state.is_open AS is_open, contacts, records, first_seen, last_seen
FROM (
    SELECT identity_id, any_value(entity_type) AS entity_type, agency, case_number,
           coalesce(list_sort(list_distinct(list(contact))), []) AS contacts,
           count(*) AS records, min(seen_on) AS first_seen, max(seen_on) AS last_seen
    FROM told GROUP BY identity_id, agency, case_number
) JOIN latest USING (agency, case_number)

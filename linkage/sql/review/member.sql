-- The records of a type in the order of their names, numbered from 0.
SELECT row_number() OVER (ORDER BY dataset, key, role) - 1 AS record, dataset, key, role,
       dataset || '/' || key || '#' || role AS name, identity_id, ambiguous
FROM published.identity_record
WHERE entity_type = $kind

-- One row a social security number that is looked at again and an identity that holds it.
SELECT DISTINCT ssn, identity_id FROM (SELECT ssn, record FROM canonical.person WHERE ssn IS NOT NULL AND fusion_ssn_again(ssn))
JOIN (SELECT record, identity_id FROM resolution.now WHERE entity_type = 'person') USING (record)

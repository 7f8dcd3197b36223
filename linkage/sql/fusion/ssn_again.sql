-- One row a social security number of identities that are looked at again.
SELECT DISTINCT ssn FROM canonical.person
WHERE ssn IS NOT NULL AND record IN (SELECT record FROM resolution.now WHERE entity_type = 'person' AND fusion_again(identity_id))

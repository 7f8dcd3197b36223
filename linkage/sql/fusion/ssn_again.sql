-- One row a social security number of identities that are looked at again.
SELECT DISTINCT ssn FROM canonical.person
WHERE ssn IS NOT NULL AND record IN (SELECT record FROM fusion.again_row WHERE entity_type = 'person')

-- One row an identity that holds a social security number which is looked at again.
SELECT DISTINCT identity_id FROM resolution.now
WHERE entity_type = 'person' AND record IN (SELECT record FROM canonical.person WHERE ssn IS NOT NULL AND fusion_ssn_again(ssn))

-- One row a record of a known identity.
SELECT entity_type, record, dataset, key, identity_id FROM resolution.now WHERE fusion_known(identity_id)

-- One row a record of an identity whose overlaps and leads are made again.
SELECT entity_type, record, identity_id FROM resolution.now WHERE fusion_again(identity_id)

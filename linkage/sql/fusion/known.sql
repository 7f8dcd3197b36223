-- One row an identity that has changed: touched, as it was or is; with a source row whose case or relations are others; with an entry in the ledger.
SELECT identity_id FROM making.stale
UNION SELECT identity_id FROM resolution.identified
UNION SELECT identity_id FROM resolution.now SEMI JOIN change.moved USING (dataset, key)
UNION SELECT unnest(identities) FROM release.published.deconfliction_overlap WHERE overlap_id IN (SELECT id FROM fusion.followed)
UNION SELECT unnest(identities) FROM release.published.lead WHERE lead_id IN (SELECT id FROM fusion.followed)

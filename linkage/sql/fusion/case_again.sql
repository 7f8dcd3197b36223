-- One row a case whose subjects are put anew: it has changed, or a known identity is one.
FROM fusion.case_moved UNION SELECT agency, number FROM canonical."case" SEMI JOIN fusion.known_row USING (dataset, key)

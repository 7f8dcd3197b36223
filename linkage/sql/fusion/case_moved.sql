-- One row a case that a changed source row tells of, or told of.
SELECT DISTINCT agency, number FROM (FROM canonical."case" UNION ALL FROM change.gone_case) SEMI JOIN change.moved USING (dataset, key)

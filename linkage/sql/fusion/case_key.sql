-- One row the key of a source row of a case whose subjects are put anew.
SELECT DISTINCT key FROM canonical."case" WHERE fusion_case_again(agency, number)

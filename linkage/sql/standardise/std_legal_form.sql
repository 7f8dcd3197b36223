-- The code of the legal form at the end of an organisation's name (inc, llc, ltd, gmbh, sa ...).
CREATE OR REPLACE TEMP MACRO std_legal_form(written) AS std_org(written).form

-- A legal entity identifier, folded by std_alnum: twenty signs with right check digits.
CREATE OR REPLACE TEMP MACRO std_lei(folded) AS
    CASE WHEN regexp_matches(folded, '^[a-z0-9]{18}[0-9]{2}$') THEN CASE WHEN std_mod97(folded) = 1 THEN folded END END

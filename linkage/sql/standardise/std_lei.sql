-- A legal entity identifier of twenty signs with right check digits, in lower case.
CREATE OR REPLACE TEMP MACRO std_lei(written) AS
    list_transform([std_alnum(written)], lambda lei_1:
        CASE WHEN regexp_matches(lei_1, '^[a-z0-9]{18}[0-9]{2}$') THEN CASE WHEN std_mod97(lei_1) = 1 THEN lei_1 END END
    )[1]

-- The given name of a name that std_name_plain gives.
CREATE OR REPLACE TEMP MACRO std_name_plain_given(plain) AS
    CASE WHEN contains(plain, ',') THEN split_part(split_part(plain, ',', 2), ' ', 1) ELSE split_part(plain, ' ', 1) END

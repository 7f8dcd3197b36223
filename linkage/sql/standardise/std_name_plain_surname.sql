-- The surname of a name that std_name_plain gives.
CREATE OR REPLACE TEMP MACRO std_name_plain_surname(plain) AS
    CASE WHEN contains(plain, ',') THEN split_part(plain, ',', 1) ELSE split_part(plain, ' ', -1) END

-- A flat at the end of a street that std_place_plain gives, with its word (" apt 5b"); empty where there is none.
CREATE OR REPLACE TEMP MACRO std_place_flat(head) AS
    CASE WHEN regexp_matches(head, '[0-9][a-z]?$') THEN regexp_extract(head, ' (?:apt |unit |ste |suite |#)[0-9]{1,4}[a-z]?$') ELSE '' END

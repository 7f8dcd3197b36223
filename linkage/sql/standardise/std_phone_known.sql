-- Ten digits that std_phone_plain gives, where std_phone would give them: no filler.
CREATE OR REPLACE TEMP MACRO std_phone_known(digits) AS
    CASE
        WHEN NOT regexp_matches(digits, '(?:5555555|0000000|9999999)$') AND NOT std_is_same_sign(digits) AND NOT std_is_placeholder('phone', digits)
            THEN digits
    END

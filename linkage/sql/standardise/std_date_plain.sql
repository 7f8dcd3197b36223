-- A date that std_date_iso gives, where std_date would give that day: its year within the bounds, and no placeholder.
CREATE OR REPLACE TEMP MACRO std_date_plain(iso, written) AS
    CASE
        WHEN left(iso, 4) BETWEEN getvariable('std_bounds')['earliest_year']::VARCHAR AND getvariable('std_bounds')['latest_year']::VARCHAR
            AND NOT std_is_placeholder('birth_date', iso) AND NOT std_is_placeholder('any', lower(written)) THEN iso
    END

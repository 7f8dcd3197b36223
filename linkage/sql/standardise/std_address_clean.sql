-- The address as written without the commas that empty parts leave.
CREATE OR REPLACE TEMP MACRO std_address_clean(joined) AS
    CASE
        WHEN regexp_matches(joined, '^[\s,]|\s,|,[\s,]*,|[\s,]$') THEN trim(regexp_replace(joined, '\s*,[\s,]*', ', ', 'g'), ' ,')
        ELSE joined
    END

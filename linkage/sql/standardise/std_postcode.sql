-- A postcode folded by std_alnum: five digits of a ZIP code with four more; NULL for fillers.
CREATE OR REPLACE TEMP MACRO std_postcode(folded) AS
    CASE
        WHEN length(folded) = 9 AND regexp_matches(folded, '^[0-9]{9}$') THEN std_known('postcode', left(folded, 5))
        ELSE std_known('postcode', left(folded, 12))
    END

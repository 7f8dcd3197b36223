-- The country that the last part of an address line names; two letters are a state, but for the United States and the United Kingdom.
CREATE OR REPLACE TEMP MACRO std_country_of_line(folded) AS
    CASE
        WHEN (length(folded) > 2 OR folded IN ('us', 'uk', 'gb')) AND NOT regexp_matches(folded, '[0-9]')
            THEN getvariable('std_countries')[folded]
    END

-- A house number: leading zeros dropped, the first number of a range of long numbers, "42-15" and "12a" kept.
CREATE OR REPLACE TEMP MACRO std_house_number(written) AS
    CASE
        WHEN regexp_matches(written, '^[1-9][0-9]*$') THEN written
        ELSE std_filled(regexp_replace(
            ltrim(regexp_replace(std_latin(written), '[^\p{L}\p{Nd}-]+', '', 'g'), '0-'),
            '^([0-9]{3,}[a-z]?)-[0-9]{3,}[a-z]?$', '\1'))
    END

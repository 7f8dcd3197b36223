-- A house number: leading zeros dropped, the first number of a range of long numbers, "42-15" and "12a" kept.
CREATE OR REPLACE TEMP MACRO std_house_number(written) AS
    list_transform([replace(std_latin(trim(written)), ' ', '')], lambda house_1:
        CASE
            WHEN regexp_matches(house_1, '^[1-9][0-9]*$') THEN house_1
            WHEN regexp_matches(house_1, '^[0-9]{3,}[a-z]?-[0-9]{3,}[a-z]?$') THEN nullif(ltrim(split_part(house_1, '-', 1), '0'), '')
            ELSE nullif(ltrim(regexp_replace(house_1, '[^\p{L}\p{Nd}-]+', '', 'g'), '0-'), '')
        END
    )[1]

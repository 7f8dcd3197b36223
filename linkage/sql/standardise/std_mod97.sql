-- The remainder by 97 of a string of digits and letters a to z, letters counted as 10 to 35 (ISO 7064).
CREATE OR REPLACE TEMP MACRO std_mod97(characters) AS
    list_transform(
        [array_to_string(list_transform(string_split(characters, ''), lambda mod97_c:
            CASE WHEN mod97_c BETWEEN 'a' AND 'z' THEN (ascii(mod97_c) - 87)::VARCHAR ELSE mod97_c END), '')],
        lambda mod97_1:
            TRY_CAST(
                (TRY_CAST(
                    (TRY_CAST(left(mod97_1, 30) AS HUGEINT) % 97)::VARCHAR || substr(mod97_1, 31, 30) AS HUGEINT
                ) % 97)::VARCHAR || substr(mod97_1, 61, 30) AS HUGEINT
            ) % 97
    )[1]

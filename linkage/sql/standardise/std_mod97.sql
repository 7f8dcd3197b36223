-- The remainder by 97 (0 of an empty string) of a string of digits and letters a to z, letters counted as 10 to 35 (ISO 7064).
CREATE OR REPLACE TEMP MACRO std_mod97(characters) AS
    list_reduce(
        list_transform(string_split(characters, ''), lambda mod97_sign:
            CASE WHEN mod97_sign BETWEEN 'a' AND 'z' THEN ascii(mod97_sign) - 87 ELSE coalesce(TRY_CAST(mod97_sign AS INTEGER), 0) END),
        lambda mod97_sum, mod97_value: (mod97_sum * CASE WHEN mod97_value > 9 THEN 100 ELSE 10 END + mod97_value) % 97, 0)

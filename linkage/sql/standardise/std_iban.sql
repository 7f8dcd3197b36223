-- An international bank account number with right length and check digits, in lower case without spaces.
CREATE OR REPLACE TEMP MACRO std_iban(written) AS
    list_transform([regexp_replace(std_alnum(written), '^iban', '')], lambda iban_1:
        CASE
            WHEN regexp_matches(iban_1, '^[a-z]{2}[0-9]{2}[a-z0-9]{11,30}$')
                THEN CASE
                    WHEN coalesce(getvariable('std_iban_lengths')[left(iban_1, 2)]::INTEGER, length(iban_1)) = length(iban_1)
                        THEN CASE WHEN std_mod97(substr(iban_1, 5) || left(iban_1, 4)) = 1 THEN iban_1 END
                END
        END
    )[1]

-- An international bank account number, folded by std_alnum, with right length and check digits.
CREATE OR REPLACE TEMP MACRO std_iban(folded) AS
    CASE
        WHEN regexp_matches(folded, '^[a-z]{2}[0-9]{2}[a-z0-9]{11,30}$')
            AND coalesce(getvariable('std_iban_lengths')[left(folded, 2)], length(folded)::VARCHAR) = length(folded)::VARCHAR
            THEN CASE WHEN std_mod97(substr(folded, 5) || left(folded, 4)) = 1 THEN folded END
    END

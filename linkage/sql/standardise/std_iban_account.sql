-- The domestic account number in an IBAN, with its zeros, by the places that the registry gives for its country; NULL where they are not known.
CREATE OR REPLACE TEMP MACRO std_iban_account(iban) AS
    CASE
        WHEN iban IS NOT NULL
            THEN substr(iban, getvariable('std_iban_accounts')[left(iban, 2)].start, getvariable('std_iban_accounts')[left(iban, 2)].size)
    END

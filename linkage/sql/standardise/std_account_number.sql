-- An account number in full: letters and digits, leading zeros dropped; NULL where it is masked or a filler.
CREATE OR REPLACE TEMP MACRO std_account_number(written) AS
    list_transform([CASE WHEN NOT std_is_masked(written) THEN nullif(ltrim(std_alnum(written), '0'), '') END], lambda account_1:
        CASE
            WHEN length(account_1) BETWEEN 2 AND 40 AND regexp_matches(account_1, '[0-9]') AND NOT std_is_placeholder('account', account_1)
                AND translate(account_1, left(account_1, 1), '') <> '' THEN account_1
        END
    )[1]

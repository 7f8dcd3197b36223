-- An account number folded by std_alnum, leading zeros dropped; NULL for fillers and what holds no digit.
CREATE OR REPLACE TEMP MACRO std_account_number(folded) AS
    CASE
        WHEN length(folded) BETWEEN 2 AND 40 AND regexp_matches(folded, '[0-9]') AND NOT std_is_placeholder('account', folded)
            AND NOT std_is_same_sign(folded) THEN nullif(ltrim(folded, '0'), '')
    END

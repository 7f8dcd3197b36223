-- An account number folded by std_alnum, leading zeros dropped; NULL for fillers and what holds no digit behind them.
CREATE OR REPLACE TEMP MACRO std_account_number(folded) AS
    CASE
        WHEN length(folded) <= 40 AND length(ltrim(folded, '0')) >= 2 AND regexp_matches(ltrim(folded, '0'), '[0-9]')
            AND NOT std_is_placeholder('account', folded) AND NOT std_is_placeholder('account', ltrim(folded, '0'))
            AND NOT std_is_same_sign(ltrim(folded, '0')) THEN ltrim(folded, '0')
    END

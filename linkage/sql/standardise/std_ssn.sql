-- A social security number of nine digits; NULL where no such number can have been given out, and for fillers.
CREATE OR REPLACE TEMP MACRO std_ssn(written) AS
    list_transform([CASE WHEN regexp_matches(written, '^[\s0-9./-]+$') THEN std_digits(written) END], lambda ssn_1:
        CASE
            WHEN regexp_matches(ssn_1, '^[0-8][0-9]{8}$') AND left(ssn_1, 3) NOT IN ('000', '666')
                AND substr(ssn_1, 4, 2) <> '00' AND right(ssn_1, 4) <> '0000' AND NOT std_is_placeholder('ssn', ssn_1) THEN ssn_1
        END
    )[1]

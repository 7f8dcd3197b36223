-- An employer identification number of nine digits; NULL for fillers and other numbers.
CREATE OR REPLACE TEMP MACRO std_tax_id(written) AS
    list_transform([CASE WHEN regexp_matches(written, '^[\s0-9./-]+$') THEN std_digits(written) END], lambda tax_1:
        CASE
            WHEN length(tax_1) = 9 AND left(tax_1, 2) <> '00' AND NOT std_is_placeholder('tax_id', tax_1) THEN tax_1
        END
    )[1]

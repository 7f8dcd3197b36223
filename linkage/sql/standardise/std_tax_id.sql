-- An employer identification number of nine digits; NULL for fillers and other numbers.
CREATE OR REPLACE TEMP MACRO std_tax_id(digits) AS
    CASE WHEN length(digits) = 9 AND left(digits, 2) <> '00' AND NOT std_is_placeholder('tax_id', digits) THEN digits END

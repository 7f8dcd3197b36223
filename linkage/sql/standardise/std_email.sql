-- An e-mail address in lower case, taken out of "Name <address>"; NULL for what has no local part, @ and domain.
CREATE OR REPLACE TEMP MACRO std_email(written) AS
    std_filled(left(regexp_extract(lower(written), '[^\s@<>"(),;:]+@[^\s@<>"(),;:.]+(?:\.[^\s@<>"(),;:.]+)+'), 254))

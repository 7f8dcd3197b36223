-- An e-mail address in lower case, taken out of "Name <address>"; NULL for placeholders and what has no local part, @ and domain.
CREATE OR REPLACE TEMP MACRO std_email(written) AS
    list_transform(
        [nullif(regexp_extract(lower(written), '([^\s@<>"(),;:]+@[^\s@<>"(),;:.]+(?:\.[^\s@<>"(),;:.]+)+)', 1), '')],
        lambda email_1: CASE WHEN NOT std_is_placeholder('email', email_1) THEN left(email_1, 254) END
    )[1]

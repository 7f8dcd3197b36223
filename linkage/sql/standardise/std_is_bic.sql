-- Whether a text in a column for banks of any form is a bank identifier code and not a name of eight letters.
CREATE OR REPLACE TEMP MACRO std_is_bic(written) AS
    regexp_matches(trim(written), '^(?:[A-Za-z]{6}(?:[A-Za-z0-9][0-9]|[0-9][A-Za-z])|[A-Z]{6}[A-Z0-9]{5}|[A-Za-z]{6}[A-Za-z0-9]{2}[0-9X]{3}'
        || '|[A-Z]{4}(?:US|GB|DE|FR|CH|IT|ES|NL|BE|AT|IE|SE|DK|NO|FI|PL|JP|CN|HK|SG|CA|MX|AU)[A-Z]{2})$')

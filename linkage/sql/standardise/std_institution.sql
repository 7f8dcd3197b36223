-- An institution: its routing number, else its bank identifier code, else its folded name.
CREATE OR REPLACE TEMP MACRO std_institution(written) AS
    list_transform([std_routing(written)], lambda institution_1:
        CASE
            WHEN institution_1 IS NOT NULL THEN institution_1
            WHEN regexp_matches(trim(written), '^[A-Za-z]{6}(?:[A-Za-z0-9]{5}|[A-Za-z0-9]?[0-9][A-Za-z0-9]?)$')
                OR regexp_matches(trim(written), '^[A-Z]{4}(?:US|GB|DE|FR|CH|IT|ES|NL|BE|AT|IE|SE|DK|NO|FI|PL|JP|CN|HK|SG|CA|MX|AU)[A-Z]{2}$')
                THEN coalesce(std_bic(written), std_org_core(written))
            ELSE std_org_core(written)
        END
    )[1]

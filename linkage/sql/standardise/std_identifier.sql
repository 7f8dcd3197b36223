-- Identifier, step 2: "kind:issuer:value", the issuer the code of its state or country where it has one; NULL for fillers.
CREATE OR REPLACE TEMP MACRO std_identifier(kind, step) AS
    CASE
        WHEN length(step.value) BETWEEN 3 AND 60 AND NOT std_is_same_sign(step.value) AND NOT std_is_placeholder('identifier', step.value)
            THEN concat(kind, ':', std_issuer(kind, step.issuer), ':', step.value)
    END

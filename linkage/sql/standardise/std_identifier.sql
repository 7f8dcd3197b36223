-- An identifier as "kind:issuer:value", read from "value" or "ISSUER:value"; NULL for fillers.
CREATE OR REPLACE TEMP MACRO std_identifier(kind, written) AS
    list_transform(
        [{
            'issuer': CASE WHEN contains(written, ':') THEN std_fold(split_part(written, ':', 1)) END,
            'value': std_alnum(CASE WHEN contains(written, ':') THEN substr(written, instr(written, ':') + 1) ELSE written END)
        }],
        lambda identifier_1:
            CASE
                WHEN length(identifier_1.value) BETWEEN 3 AND 60 AND translate(identifier_1.value, left(identifier_1.value, 1), '') <> ''
                    AND NOT std_is_placeholder('identifier', identifier_1.value) AND NOT std_is_placeholder('any', lower(trim(written)))
                    THEN kind || ':' || coalesce(std_issuer(kind, identifier_1.issuer), '') || ':' || identifier_1.value
            END
    )[1]

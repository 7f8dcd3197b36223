-- Identifier, step 1: issuer and value of "value" or "ISSUER:value".
CREATE OR REPLACE TEMP MACRO std_identifier_parts(written) AS
    CASE
        WHEN contains(written, ':')
            THEN {'issuer': std_fold(split_part(written, ':', 1)), 'value': std_alnum(substr(written, instr(written, ':') + 1))}
        ELSE {'issuer': NULL::VARCHAR, 'value': std_alnum(written)}
    END

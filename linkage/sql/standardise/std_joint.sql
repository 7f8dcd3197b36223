-- The persons in one text for the holders of an account; a text that names an organisation stays whole.
CREATE OR REPLACE TEMP MACRO std_joint(written) AS
    CASE
        WHEN regexp_matches(written, getvariable('std_company_pattern')) THEN [replace(written, '&', ' and ')]
        ELSE std_joint_names(string_split(
            regexp_replace(
                regexp_replace(
                    written, '(?i)[\s,(-]+(?:as )?(?:jt ?wros|jt ?ten(?:ants?)?|j/t|jt|joint(?: tenants?)?|ten(?:ants)? (?:in )?(?:com(?:mon)?|ent)|wros)\b[^\p{L}]*$', ''),
                '(?i)\s+(?:and/or|and|or)\s+|\s*[&;/]\s*', chr(10), 'g'),
            chr(10)))
    END

-- The parts of a text between its words for "and", without the words for the kind of ownership; a text that names an organisation stays whole.
-- What std_joint_names does with them is a step of its own: it repeats them, and with them the patterns that make them.
CREATE OR REPLACE TEMP MACRO std_joint_parts(written) AS
    CASE
        WHEN regexp_matches(written, getvariable('std_company_pattern')) THEN [replace(written, '&', ' and ')]
        ELSE string_split(
            regexp_replace(
                regexp_replace(
                    written, '(?i)[\s,(-]+(?:as )?(?:jt ?wros|jt ?ten(?:ants?)?|j/t|jt|joint(?: tenants?)?|ten(?:ants)? (?:in )?(?:com(?:mon)?|ent)|wros)\b[^\p{L}]*$', ''),
                '(?i)\s+(?:and/or|and|or)\s+|\s*[&;/]\s*', chr(10), 'g'),
            chr(10))
    END

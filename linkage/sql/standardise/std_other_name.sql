-- A full name read by std_name as "given surname" for lists of other names; the whole name where the script is not Latin.
CREATE OR REPLACE TEMP MACRO std_other_name(name_read) AS
    CASE
        WHEN std_is_latin(concat(name_read.given, name_read.surname))
            THEN std_known('name', nullif(concat_ws(' ', name_read.given, name_read.surname), ''))
        ELSE nullif(concat_ws(' ', name_read.given, name_read.middle, name_read.surname), '')
    END

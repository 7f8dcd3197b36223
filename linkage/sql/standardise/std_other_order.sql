-- A full name in another script, read by std_name, in the order of its script; NULL where the script is Latin.
CREATE OR REPLACE TEMP MACRO std_other_order(name_read) AS
    CASE
        WHEN NOT std_is_latin(concat(name_read.given, name_read.surname))
            THEN std_name_order(name_read.given, name_read.middle, name_read.surname)
    END

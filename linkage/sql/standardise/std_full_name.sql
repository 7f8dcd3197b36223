-- A full name folded to "given surname" for lists of other names; the whole name where the script is not Latin.
CREATE OR REPLACE TEMP MACRO std_full_name(written) AS
    list_transform([std_person_name(written)], lambda full_1:
        CASE
            WHEN std_is_latin(concat(full_1.given, full_1.surname)) THEN nullif(concat_ws(' ', full_1.given, full_1.surname), '')
            ELSE nullif(concat_ws(' ', full_1.given, full_1.middle, full_1.surname), '')
        END
    )[1]

-- A surname with letter groups that are not spoken as written replaced; NULL where it does not start with a Latin letter.
CREATE OR REPLACE TEMP MACRO std_sound_spelling(surname) AS
    CASE
        WHEN NOT std_is_latin(surname) OR surname < 'a' THEN NULL
        WHEN regexp_matches(surname, '^(?:kn|gn|wr|ps|mac)|ph')
            THEN replace(regexp_replace(regexp_replace(regexp_replace(
                surname, '^mac', 'mc'), '^[kg]n', 'n'), '^[wp]([rs])', '\1'), 'ph', 'f')
        ELSE surname
    END

-- A surname in one word, letter groups that are not spoken as written replaced; NULL where it does not start with a Latin letter.
CREATE OR REPLACE TEMP MACRO std_sound_spelling(folded) AS
    CASE
        WHEN NOT std_is_latin(folded) OR folded < 'a' THEN NULL
        WHEN regexp_matches(folded, '^(?:kn|gn|wr|ps|mac)|ph| ')
            THEN replace(regexp_replace(regexp_replace(regexp_replace(
                replace(folded, ' ', ''), '^mac', 'mc'), '^[kg]n', 'n'), '^[wp]([rs])', '\1'), 'ph', 'f')
        ELSE folded
    END

-- A full name of two and more plain words, lower case, "given middle surname" or "surname,given middle"; NULL where a word
-- is a title, suffix or particle, or another sign is written: those go through std_name_text and behind.
CREATE OR REPLACE TEMP MACRO std_name_plain(written) AS
    CASE
        WHEN regexp_matches(written, '^[a-zA-Z]+(?: [a-zA-Z]+)*(?:, ?| )[a-zA-Z]+(?: [a-zA-Z]+)*$')
            AND NOT regexp_matches(lower(written), getvariable('std_name_word_pattern')) AND std_is_written(written)
            THEN replace(lower(written), ', ', ',')
    END

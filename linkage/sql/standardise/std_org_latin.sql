-- The core of an organisation's name read by std_org, in Latin letters; NULL where it cannot be read, as kanji behind a Japanese legal form.
CREATE OR REPLACE TEMP MACRO std_org_latin(step) AS
    CASE
        WHEN std_is_latin(step.core) THEN step.core
        WHEN step.form IN ('kk', 'yk', 'gk') AND regexp_matches(step.core, '\p{Han}') THEN getvariable('std_native_names')[step.core]
        ELSE std_transliterated(step.core)
    END

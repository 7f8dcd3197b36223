-- The generation suffix among the endings that std_endings found.
CREATE OR REPLACE TEMP MACRO std_generation(parted) AS
    CASE
        WHEN parted.endings <> ''
            THEN std_filled(getvariable('std_suffix_forms')[regexp_extract(parted.endings, getvariable('std_generation_pattern'), 1)])
    END

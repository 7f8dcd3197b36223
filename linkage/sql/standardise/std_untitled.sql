-- A folded name without the titles before it.
CREATE OR REPLACE TEMP MACRO std_untitled(folded) AS
    CASE
        WHEN contains(folded, ' ') THEN regexp_replace(folded, getvariable('std_title_pattern'), '\1')
        ELSE folded
    END

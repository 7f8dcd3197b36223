-- A folded name parted into the name and the suffixes and credentials at its end; NULL where it is one word.
CREATE OR REPLACE TEMP MACRO std_endings(folded) AS
    CASE
        WHEN contains(folded, ' ') OR contains(folded, ',')
            THEN regexp_extract(folded, getvariable('std_suffix_pattern'), ['name', 'endings'])
    END

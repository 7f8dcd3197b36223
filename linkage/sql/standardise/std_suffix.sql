-- A generation suffix written in a column of its own: jr, sr, ii, iii, iv or v; NULL for anything else.
CREATE OR REPLACE TEMP MACRO std_suffix(written) AS
    CASE WHEN written <> '' THEN std_filled(getvariable('std_suffix_forms')[std_fold(written)]) END

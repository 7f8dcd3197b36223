-- A string of sound classes without neighbours that are the same.
CREATE OR REPLACE TEMP MACRO std_undouble(classes) AS
    CASE
        WHEN regexp_matches(classes, '11|22|33|44|55|66')
            THEN replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
                classes, '11', '1'), '11', '1'), '22', '2'), '22', '2'), '33', '3'), '33', '3'),
                '44', '4'), '44', '4'), '55', '5'), '55', '5'), '66', '6'), '66', '6')
        ELSE classes
    END

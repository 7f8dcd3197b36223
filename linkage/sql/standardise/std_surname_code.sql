-- Sound code of a surname: its first sound, then the classes of its consonants without doubles; at most eight signs.
CREATE OR REPLACE TEMP MACRO std_surname_code(spelling, classes) AS
    left(
        concat(
            translate(left(spelling, 1), 'cqzxeiouy', 'kkssaaaaa'),
            CASE
                WHEN regexp_matches(classes, '11|22|33|44|55|66')
                    THEN replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
                        classes, '11', '1'), '11', '1'), '22', '2'), '22', '2'), '33', '3'), '33', '3'),
                        '44', '4'), '44', '4'), '55', '5'), '55', '5'), '66', '6'), '66', '6')
                ELSE classes
            END),
        CASE WHEN spelling IS NULL THEN NULL ELSE 8 END)

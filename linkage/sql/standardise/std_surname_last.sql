-- "given middle surname" with the particles of the surname, as given, middle and surname; one word alone is a surname.
CREATE OR REPLACE TEMP MACRO std_surname_last(prepared) AS
    CASE
        WHEN NOT contains(prepared, ' ') OR regexp_matches(prepared, getvariable('std_particle_surname_pattern'))
            THEN {'given': NULL::VARCHAR, 'middle': NULL::VARCHAR, 'surname': nullif(prepared, ''), 'suffix': NULL::VARCHAR}
        ELSE list_transform(
            [regexp_extract(prepared, getvariable('std_particle_pattern'), ['given', 'middle', 'surname'])],
            lambda last_1: {
                'given': nullif(last_1.given, ''),
                'middle': nullif(last_1.middle, ''),
                'surname': nullif(last_1.surname, ''),
                'suffix': NULL::VARCHAR
            }
        )[1]
    END

-- Full name, step 4: its fields read with the surname first and a comma, or in natural order with the particles of the surname.
CREATE OR REPLACE TEMP MACRO std_name_fields(step) AS
    {
        'bare': step.bare,
        'suffix': step.suffix,
        'comma': CASE
            WHEN contains(step.bare, ',')
                THEN regexp_extract(step.bare, getvariable('std_comma_pattern'), ['surname', 'suffix', 'later_suffix', 'given', 'middle'])
        END,
        'natural': CASE
            WHEN NOT contains(step.bare, ',') AND contains(step.bare, ' ')
                AND NOT regexp_matches(step.bare, getvariable('std_particle_surname_pattern'))
                THEN regexp_extract(step.bare, getvariable('std_particle_pattern'), ['given', 'middle', 'surname'])
        END
    }

-- A full name in one string, as given, middle, surname and suffix, in natural order or with the surname first and a comma.
CREATE OR REPLACE TEMP MACRO std_person_name(written) AS
    list_transform([std_name_ending(std_name_text(written))], lambda person_1:
        list_transform(
            [CASE
                WHEN contains(person_1.name, ',')
                    THEN std_surname_first(person_1.name)
                ELSE std_surname_last(person_1.name)
            END],
            lambda person_2: {
                'given': std_name_part(person_2.given),
                'middle': std_name_part(person_2.middle),
                'surname': std_name_part(person_2.surname),
                'suffix': coalesce(person_1.suffix, person_2.suffix)
            }
        )[1]
    )[1]

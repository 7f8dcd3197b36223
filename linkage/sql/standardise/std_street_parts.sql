-- A street line without city as house_number, street and unit.
CREATE OR REPLACE TEMP MACRO std_street_parts(written, number_known) AS
    list_transform([std_street_text(written)], lambda parts_1:
        list_transform(
            [CASE
                WHEN regexp_matches(parts_1, '(?:^|[ ,])p ?o ?(?:box|drawer) |^box [0-9]')
                    THEN {
                        'number': regexp_extract(parts_1, '(?:^|[ ,])(?:p ?o )?(?:box|drawer) (?:# )?([^ ,]+)', 1),
                        'street': 'po box', 'unit': ''}
                WHEN regexp_matches(parts_1, '^(?:# |no )[0-9]+, *\p{L}') THEN {'number': '', 'street': parts_1, 'unit': ''}
                WHEN regexp_matches(
                    parts_1,
                    '(?:^|[ ,])(?:apartment|apt|unit|suite|ste|room|rm|floor|fl|lot|bldg|building|trlr|spc|penthouse|ph|flat|appt|#)(?:[ #,-]|[0-9]|$)')
                    THEN std_unit_parts(parts_1)
                ELSE {'number': '', 'street': parts_1, 'unit': ''}
            END],
            lambda parts_2: CASE
                WHEN parts_2.street = 'po box' OR number_known
                    THEN {
                        'house_number': std_house_number(parts_2.number),
                        'street': std_street(parts_2.street),
                        'unit': std_unit(parts_2.unit)}
                ELSE list_transform(
                    [regexp_extract(
                        parts_2.street, '^(?:no )?(?:# )?([0-9]+[a-z]?(?:-[0-9]+[a-z]?)?)(?: [0-9]/[0-9])?[ ,]+(.+)$', ['number', 'street'])],
                    lambda parts_3: CASE
                        WHEN parts_3.number <> '' THEN {
                            'house_number': std_house_number(parts_3.number),
                            'street': std_street(parts_3.street),
                            'unit': std_unit(parts_2.unit)}
                        ELSE std_trailing_number(parts_2.street, parts_2.unit)
                    END
                )[1]
            END
        )[1]
    )[1]

-- A street whose house number stands at its end ("Hardenbergstrasse 87"), as house_number, street and unit; highways keep theirs.
CREATE OR REPLACE TEMP MACRO std_trailing_number(prepared, unit_text) AS
    list_transform(
        [CASE
            WHEN regexp_matches(prepared, '(?:hwy|highway|route|rte|rt|road|rd|street|st|box|rr|sr|cr|fm|us|i|interstate|avenue|ave|av|hc|lot|no) [0-9]')
                THEN {'street': '', 'number': ''}
            ELSE regexp_extract(prepared, '^(.*?\p{L}{3}[^0-9]*?)[ ,](?:(?:bld|bldg|nr|no|d)[ ,])?([0-9]+ ?[a-z]?)$', ['street', 'number'])
        END],
        lambda trailing_1: CASE
            WHEN trailing_1.number <> '' THEN {
                'house_number': std_house_number(trailing_1.number),
                'street': std_street(trailing_1.street),
                'unit': std_unit(unit_text)}
            ELSE {'house_number': NULL::VARCHAR, 'street': std_street(prepared), 'unit': std_unit(unit_text)}
        END
    )[1]

-- "surname,given middle", the suffix behind either, as given, middle, surname and suffix.
CREATE OR REPLACE TEMP MACRO std_surname_first(prepared) AS
    list_transform(
        [{
            'family': std_name_ending(split_part(prepared, ',', 1)),
            'rest': regexp_extract(
                replace(substr(prepared, instr(prepared, ',') + 1), ',', ' '),
                '^(?:(jr|sr|ii|iii|iv|junior|senior|2nd|3rd) )?([^ ]+)(?: (.*))?$', ['suffix', 'given', 'middle'])
        }],
        lambda first_1: {
            'given': nullif(first_1.rest.given, ''),
            'middle': nullif(first_1.rest.middle, ''),
            'surname': first_1.family.name,
            'suffix': coalesce(first_1.family.suffix, nullif(getvariable('std_suffix_forms')[first_1.rest.suffix], ''))
        }
    )[1]

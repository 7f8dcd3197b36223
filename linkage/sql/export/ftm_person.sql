-- FollowTheMoney entities of persons, with the properties of schema Person.
SELECT identity_id AS id, 'Person' AS schema, name AS caption,
    to_json(map_from_entries(list_filter(
        list_transform([
            {'name': 'name', 'values': [name]},
            {'name': 'alias', 'values': other_names},
            {'name': 'firstName', 'values': [given_name]},
            {'name': 'middleName', 'values': [middle_name]},
            {'name': 'lastName', 'values': [surname]},
            {'name': 'nameSuffix', 'values': [suffix]},
            {'name': 'birthDate', 'values': [CAST(birth_date AS VARCHAR)]},
            {'name': 'birthPlace', 'values': [birth_place]},
            {'name': 'gender', 'values': [CASE sex WHEN 'f' THEN 'female' WHEN 'm' THEN 'male' END]},
            {'name': 'socialSecurityNumber', 'values': [ssn]},
            {'name': 'taxNumber', 'values': list_transform(list_filter(identifiers, lambda one: starts_with(one, 'itin:')), lambda one: upper(split_part(one, ':', 3)))},
            {'name': 'passportNumber', 'values': list_transform(list_filter(identifiers, lambda one: starts_with(one, 'passport:')), lambda one: upper(split_part(one, ':', 3)))},
            {'name': 'idNumber', 'values': list_concat(list_transform(list_filter(identifiers, lambda one: starts_with(one, 'national_id:')), lambda one: upper(split_part(one, ':', 3))), list_concat(list_transform(list_filter(identifiers, lambda one: starts_with(one, 'driver_licence:')), lambda one: upper(split_part(one, ':', 3))), list_transform(list_filter(identifiers, lambda one: starts_with(one, 'id:')), lambda one: upper(split_part(one, ':', 3)))))},
            {'name': 'phone', 'values': phones},
            {'name': 'email', 'values': emails},
            {'name': 'address', 'values': [address]},
            {'name': 'country', 'values': CASE WHEN length(country) = 2 THEN [country] END},
            {'name': 'position', 'values': [occupation]}
        ], lambda property: {'name': property.name, 'values': list_filter(property.values, lambda text: text IS NOT NULL)}),
        lambda property: len(property.values) > 0
    ))) AS properties,
    records.datasets, referents, identity.first_seen, identity.last_seen
FROM published.person JOIN published.identity USING (identity_id) JOIN (
    SELECT identity_id, list_sort(list(DISTINCT dataset)) AS datasets, list_sort(list(dataset || '/' || key || '#' || role)) AS referents
    FROM published.identity_record GROUP BY identity_id
) AS records USING (identity_id)

-- FollowTheMoney entities of businesses: schema Company where a legal form is known, else Organization.
SELECT identity_id AS id, CASE WHEN legal_form IS NULL THEN 'Organization' ELSE 'Company' END AS schema, name AS caption,
    to_json(map_from_entries(list_filter(
        list_transform([
            {'name': 'name', 'values': [name]},
            {'name': 'alias', 'values': other_names},
            {'name': 'legalForm', 'values': [legal_form]},
            {'name': 'taxNumber', 'values': list_concat([tax_id], list_transform(list_filter(identifiers, lambda one: starts_with(one, 'tax:')), lambda one: upper(split_part(one, ':', 3))))},
            {'name': 'registrationNumber', 'values': list_transform(list_filter(identifiers, lambda one: starts_with(one, 'registration:')), lambda one: upper(split_part(one, ':', 3)))},
            {'name': 'leiCode', 'values': list_transform(list_filter(identifiers, lambda one: starts_with(one, 'lei:')), lambda one: upper(split_part(one, ':', 3)))},
            {'name': 'idNumber', 'values': list_transform(list_filter(identifiers, lambda one: starts_with(one, 'id:')), lambda one: upper(split_part(one, ':', 3)))},
            {'name': 'phone', 'values': phones},
            {'name': 'email', 'values': emails},
            {'name': 'website', 'values': ['https://' || domain]},
            {'name': 'address', 'values': [address]},
            {'name': 'country', 'values': CASE WHEN length(country) = 2 THEN [country] END}
        ], lambda property: {'name': property.name, 'values': list_filter(property.values, lambda text: text IS NOT NULL)}),
        lambda property: len(property.values) > 0
    ))) AS properties,
    records.datasets, referents, identity.first_seen, identity.last_seen
FROM published.business JOIN published.identity USING (identity_id) JOIN (
    SELECT identity_id, list_sort(list(DISTINCT dataset)) AS datasets, list_sort(list(dataset || '/' || key || '#' || role)) AS referents
    FROM published.identity_record GROUP BY identity_id
) AS records USING (identity_id)

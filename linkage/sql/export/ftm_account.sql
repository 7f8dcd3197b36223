-- FollowTheMoney entities of accounts, with the properties of schema BankAccount.
SELECT identity_id AS id, 'BankAccount' AS schema, coalesce(upper(iban), concat_ws(' ', institution, coalesce(number, '*' || number_tail))) AS caption,
    to_json(map_from_entries(list_filter(
        list_transform([
            {'name': 'name', 'values': [coalesce(upper(iban), concat_ws(' ', institution, coalesce(number, '*' || number_tail)))]},
            {'name': 'accountNumber', 'values': [coalesce(number, '*' || number_tail)]},
            {'name': 'iban', 'values': [upper(iban)]},
            {'name': 'bankName', 'values': [institution]},
            {'name': 'accountType', 'values': [account_type]},
            {'name': 'currency', 'values': [upper(currency)]},
            {'name': 'openingDate', 'values': [CAST(opened_on AS VARCHAR)]},
            {'name': 'notes', 'values': ['Holder: ' || holder]}
        ], lambda property: {'name': property.name, 'values': list_filter(property.values, lambda text: text IS NOT NULL)}),
        lambda property: len(property.values) > 0
    ))) AS properties,
    records.datasets, referents, identity.first_seen, identity.last_seen
FROM published.account JOIN published.identity USING (identity_id) JOIN (
    SELECT identity_id, list_sort(list(DISTINCT dataset)) AS datasets, list_sort(list(dataset || '/' || key || '#' || role)) AS referents
    FROM published.identity_record GROUP BY identity_id
) AS records USING (identity_id)

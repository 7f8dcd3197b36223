-- Persons as records in Senzing's form, one feature an entry of the list.
SELECT 'LINKAGE' AS "DATA_SOURCE", identity_id AS "RECORD_ID",
    list_filter(list_transform(list_concat(list_concat(list_concat(list_concat(list_concat(list_concat(list_concat(list_concat(list_concat([
            json_object('RECORD_TYPE', 'PERSON'),
            json_object('NAME_TYPE', CASE WHEN name IS NOT NULL THEN 'PRIMARY' END, 'NAME_FULL', name),
            json_object('DATE_OF_BIRTH', CAST(birth_date AS VARCHAR)),
            json_object('PLACE_OF_BIRTH', birth_place),
            json_object('GENDER', upper(sex)),
            json_object('SSN_NUMBER', ssn),
            json_object('ADDR_FULL', address, 'ADDR_CITY', CASE WHEN address IS NULL THEN city END, 'ADDR_STATE', CASE WHEN address IS NULL THEN upper(region) END, 'ADDR_POSTAL_CODE', CASE WHEN address IS NULL THEN postcode END, 'ADDR_COUNTRY', CASE WHEN address IS NULL THEN upper(country) END),
            json_object('EMPLOYER', employer)
        ],
        list_transform(other_names, lambda one: json_object('NAME_TYPE', 'AKA', 'NAME_FULL', one))),
        list_transform(phones, lambda one: json_object('PHONE_NUMBER', one))),
        list_transform(emails, lambda one: json_object('EMAIL_ADDRESS', one))),
        list_transform(list_filter(identifiers, lambda one: starts_with(one, 'itin:')), lambda one: json_object('TAX_ID_NUMBER', upper(split_part(one, ':', 3)), 'TAX_ID_TYPE', 'ITIN'))),
        list_transform(list_filter(identifiers, lambda one: starts_with(one, 'passport:')), lambda one: json_object('PASSPORT_NUMBER', upper(split_part(one, ':', 3)), 'PASSPORT_COUNTRY', nullif(upper(split_part(one, ':', 2)), '')))),
        list_transform(list_filter(identifiers, lambda one: starts_with(one, 'driver_licence:')), lambda one: json_object('DRIVERS_LICENSE_NUMBER', upper(split_part(one, ':', 3)), 'DRIVERS_LICENSE_STATE', nullif(upper(split_part(one, ':', 2)), '')))),
        list_transform(list_filter(identifiers, lambda one: starts_with(one, 'national_id:')), lambda one: json_object('NATIONAL_ID_NUMBER', upper(split_part(one, ':', 3)), 'NATIONAL_ID_COUNTRY', nullif(upper(split_part(one, ':', 2)), '')))),
        list_transform(list_filter(identifiers, lambda one: starts_with(one, 'id:')), lambda one: json_object('OTHER_ID_NUMBER', upper(split_part(one, ':', 3)), 'OTHER_ID_COUNTRY', nullif(upper(split_part(one, ':', 2)), '')))), related), lambda feature: json_merge_patch('{}', feature)), lambda feature: feature <> '{}') AS "FEATURES",
    identity.records AS "RECORDS", identity.confidence AS "CONFIDENCE"
FROM published.person JOIN published.identity USING (identity_id) LEFT JOIN (
    SELECT identity_id, list(feature ORDER BY feature) AS related FROM (
        SELECT from_identity AS identity_id, json_object('REL_POINTER_DOMAIN', 'LINKAGE', 'REL_POINTER_KEY', to_identity, 'REL_POINTER_ROLE', kind) AS feature
        FROM (FROM published.identity_relation WHERE basis = 'disclosed')
        UNION
        SELECT to_identity, json_object('REL_ANCHOR_DOMAIN', 'LINKAGE', 'REL_ANCHOR_KEY', to_identity) FROM (FROM published.identity_relation WHERE basis = 'disclosed')
    ) GROUP BY identity_id
) AS relation USING (identity_id)

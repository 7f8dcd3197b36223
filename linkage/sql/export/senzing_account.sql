-- Accounts as records in Senzing's form, one feature an entry of the list.
SELECT 'LINKAGE' AS "DATA_SOURCE", identity_id AS "RECORD_ID",
    list_filter(list_transform(list_concat([
            json_object('RECORD_TYPE', 'ACCOUNT'),
            json_object('NAME_FULL', holder),
            json_object('ACCOUNT_NUMBER', number, 'ACCOUNT_DOMAIN', CASE WHEN number IS NOT NULL THEN upper(institution) END),
            json_object('ACCOUNT_NUMBER', upper(iban), 'ACCOUNT_DOMAIN', CASE WHEN iban IS NOT NULL THEN 'IBAN' END)
        ], related), lambda feature: json_merge_patch('{}', feature)), lambda feature: feature <> '{}') AS "FEATURES",
    identity.records AS "RECORDS", identity.confidence AS "CONFIDENCE"
FROM published.account JOIN published.identity USING (identity_id) LEFT JOIN (
    SELECT identity_id, list(feature ORDER BY feature) AS related FROM (
        SELECT from_identity AS identity_id, json_object('REL_POINTER_DOMAIN', 'LINKAGE', 'REL_POINTER_KEY', to_identity, 'REL_POINTER_ROLE', kind) AS feature
        FROM (FROM published.identity_relation WHERE basis = 'disclosed')
        UNION
        SELECT to_identity, json_object('REL_ANCHOR_DOMAIN', 'LINKAGE', 'REL_ANCHOR_KEY', to_identity) FROM (FROM published.identity_relation WHERE basis = 'disclosed')
    ) GROUP BY identity_id
) AS relation USING (identity_id)

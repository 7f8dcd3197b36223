-- FollowTheMoney links between identities: schema UnknownLink, its role the kind of the relation.
SELECT md5(concat_ws('|', 'relation', kind, from_identity, to_identity)) AS id, 'UnknownLink' AS schema, kind AS caption,
    to_json(map {'subject': [from_identity], 'object': [to_identity], 'role': [kind]}) AS properties,
    CAST([] AS VARCHAR[]) AS datasets, CAST([] AS VARCHAR[]) AS referents, first_seen, last_seen
FROM (FROM published.identity_relation WHERE basis = 'disclosed')

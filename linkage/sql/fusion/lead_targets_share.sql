-- Targets of different agencies that share an account, device, phone or address.
SELECT 'targets_share' AS rule,
       greatest(0, 30 + 25 * by_account::INTEGER + 15 * by_phone::INTEGER + 10 * by_address::INTEGER
           + 10 * (len(list_distinct(left_side.agencies || right_side.agencies)) > 2)::INTEGER - 30 * (alike.one IS NOT NULL)::INTEGER) AS score,
       [tie.one, tie.two] AS identities, CAST([] AS VARCHAR[]) AS targets, [tie.one, tie.two] AS about, shared, tie.first_seen, tie.last_seen,
       'are subjects of open cases of different agencies and share ' || array_to_string(list_filter(
           [CASE WHEN by_account THEN 'an account' END, CASE WHEN by_phone THEN 'a phone' END, CASE WHEN by_address THEN 'an address' END],
           lambda word: word IS NOT NULL), ', ') || CASE WHEN alike.one IS NOT NULL THEN '; they may be one' ELSE '' END AS words
FROM (SELECT * EXCLUDE (shared), list_filter(shared, lambda word: starts_with(word, 'shared ')) AS shared FROM fusion.tie WHERE derived > 0 AND one < two AND fusion_again(two)) AS tie
JOIN fusion.target AS left_side ON left_side.identity_id = tie.one AND left_side.entity_type <> 'account'
JOIN fusion.target AS right_side ON right_side.identity_id = tie.two
LEFT JOIN fusion.alike ON alike.one = tie.one AND alike.two = tie.two
WHERE len(list_distinct(left_side.agencies || right_side.agencies)) > 1

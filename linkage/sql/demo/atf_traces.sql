-- ATF firearms trace list: one row a purchaser; every part in a column of its own, year first.
SELECT
    r.key AS TRACE_NO,
    strftime(demo.seen_on(r.t), '%Y-%m-%d') AS PURCHASED,
    p.given_name AS FIRST,
    p.middle_name AS MIDDLE,
    p.surname AS LAST,
    p.suffix AS SFX,
    strftime(p.birth_date, '%Y-%m-%d') AS BORN,
    CASE p.sex WHEN 'M' THEN 'MALE' WHEN 'F' THEN 'FEMALE' END AS SEX,
    left(p.licence, 2) AS DL_STATE,
    substr(p.licence, 3) AS DL_NO,
    p.house_number AS HOUSE_NO,
    p.street AS STREET,
    p.unit AS APT,
    p.city AS CITY,
    p.region AS ST,
    p.postcode AS ZIP,
    p.birth_place AS BIRTH_PLACE,
    ['9MM PISTOL', '.40 PISTOL', '.45 PISTOL', '5.56 RIFLE', '7.62 RIFLE', '12GA SHOTGUN', '.38 REVOLVER'][1 + demo.pick(r.row, 'r.weapon', 7)] AS FIREARM,
    'ATF' || demo.case_number(demo.row_case(4, r.row, r.person, r.business, r.account)) AS CASE_NO,
    CASE WHEN demo.case_is_open(demo.row_case(4, r.row, r.person, r.business, r.account)) THEN 'open' ELSE 'closed' END AS CASE_STATUS,
    demo.case_contact(demo.row_case(4, r.row, r.person, r.business, r.account)) AS REQUESTED_BY
FROM demo.data_row AS r
JOIN demo.person_record AS p ON p.row = r.row AND p.dataset = 'atf_traces'
WHERE r.dataset = 'atf_traces'
ORDER BY r.key

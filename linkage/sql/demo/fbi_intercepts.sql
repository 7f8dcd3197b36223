-- FBI intercept subscribers: one name column 'LAST, FIRST M', one-line address, phones as dialled.
SELECT
    r.key AS INTERCEPT_ID,
    CASE WHEN r.person IS NULL THEN 'BUS' ELSE 'IND' END AS SUBSCRIBER_TYPE,
    CASE
        WHEN r.person IS NULL THEN upper(b.name)
        ELSE upper(p.surname || coalesce(' ' || p.suffix, '') || ', ' || p.given_name || coalesce(' ' || p.middle_name, ''))
    END AS SUBSCRIBER_NAME,
    demo.bracketed(coalesce(p.phone, b.phone)) AS PHONE_1,
    demo.bracketed(p.phone2) AS PHONE_2,
    upper(CASE
        WHEN p.house_number IS NOT NULL THEN p.house_number || ' ' || p.street || coalesce(' #' || p.unit, '') || ', ' || p.city || ' ' || p.region || coalesce(' ' || p.postcode, '')
        WHEN b.house_number IS NOT NULL THEN b.house_number || ' ' || b.street || coalesce(' STE ' || b.unit, '') || ', ' || coalesce(b.city || ' ' || b.region, '') || coalesce(' ' || b.postcode, '')
    END) AS SVC_ADDRESS,
    strftime(p.birth_date, '%d-%b-%Y') AS DOB,
    CASE WHEN p.ssn IS NOT NULL THEN CASE WHEN starts_with(p.ssn, 'X') THEN '***-**-' || right(p.ssn, 4) ELSE p.ssn END END AS SSN,
    p.email AS EMAIL,
    ['WIRELESS', 'WIRELESS', 'LANDLINE', 'VOIP'][1 + demo.pick(r.row, 'r.service', 4)] AS SERVICE,
    strftime(demo.seen_on(r.t), '%Y-%m-%d') AS ACTIVATED,
    '245-' || demo.case_number(demo.row_case(2, r.row, r.person, r.business, r.account)) AS CASE_ID,
    CASE WHEN demo.case_is_open(demo.row_case(2, r.row, r.person, r.business, r.account)) THEN 'OPEN' ELSE 'CLOSED' END AS CASE_STATE,
    demo.case_contact(demo.row_case(2, r.row, r.person, r.business, r.account)) AS CASE_CONTACT,
    'LCOMM' AS CUI
FROM demo.data_row AS r
LEFT JOIN demo.person_record AS p ON p.row = r.row AND p.dataset = 'fbi_intercepts'
LEFT JOIN demo.business_record AS b ON b.row = r.row AND b.dataset = 'fbi_intercepts'
WHERE r.dataset = 'fbi_intercepts'
ORDER BY r.key

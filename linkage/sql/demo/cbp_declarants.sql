-- CBP customs declarants: one row a traveller; one name column, day first, phones with country code.
SELECT
    r.key AS DECL_NO,
    strftime(demo.seen_on(r.t), '%d/%m/%Y') AS DECLARED_ON,
    p.given_name || coalesce(' ' || p.middle_name, '') || ' ' || p.surname || coalesce(' ' || p.suffix, '') AS FULL_NAME,
    p.passport AS PASSPORT_NO,
    CASE WHEN p.passport IS NOT NULL THEN demo.nation(p.person) END AS PASSPORT_COUNTRY,
    strftime(p.birth_date, '%d/%m/%Y') AS BIRTH,
    p.sex AS SEX,
    demo.nation(p.person) AS NATIONALITY,
    p.house_number || ' ' || p.street || coalesce(' Unit ' || p.unit, '') || ', ' || p.city || ', ' || p.region || coalesce(' ' || p.postcode, '') || ', USA' AS US_ADDRESS,
    employer.name AS EMPLOYER,
    p.occupation AS OCCUPATION,
    CASE WHEN p.phone IS NOT NULL THEN '+1 ' || left(p.phone, 3) || ' ' || substr(p.phone, 4, 3) || ' ' || right(p.phone, 4) END AS PHONE,
    p.email AS EMAIL,
    (1000 + demo.pick(r.row, 'r.declared', 60) * 500)::VARCHAR AS DECLARED_USD
FROM demo.data_row AS r
JOIN demo.person_record AS p ON p.row = r.row AND p.dataset = 'cbp_declarants'
LEFT JOIN demo.business_name AS employer ON employer.business = p.employer
WHERE r.dataset = 'cbp_declarants'
ORDER BY r.key

-- DEA reports of investigation: one row a subject, person or business; capitals, names in parts, month first.
SELECT
    r.key AS ROI_NO,
    strftime(demo.seen_on(r.t), '%m/%d/%Y') AS REPORT_DATE,
    CASE WHEN r.person IS NULL THEN 'B' ELSE 'P' END AS SUBJ_TYPE,
    upper(p.surname) AS LAST_NAME,
    upper(p.given_name) AS FIRST_NAME,
    upper(p.middle_name) AS MIDDLE_NAME,
    upper(p.suffix) AS SUFFIX,
    upper(p.alias) AS ALIASES,
    upper(b.name) AS BUSINESS_NAME,
    strftime(p.birth_date, '%m/%d/%Y') AS DOB,
    p.sex AS SEX,
    CASE WHEN starts_with(p.ssn, 'X') THEN 'XXX-XX-' || right(p.ssn, 4) ELSE left(p.ssn, 3) || '-' || substr(p.ssn, 4, 2) || '-' || right(p.ssn, 4) END AS SSN,
    left(b.ein, 2) || '-' || right(b.ein, 7) AS EIN,
    demo.dashed(coalesce(p.phone, b.phone)) AS HOME_PHONE,
    demo.dashed(p.phone2) AS CELL_PHONE,
    upper(coalesce(p.house_number || ' ' || p.street, b.house_number || ' ' || b.street)
        || coalesce(' APT ' || p.unit, ' STE ' || b.unit, '')) AS STREET_ADDR,
    upper(coalesce(p.city, b.city)) AS CITY,
    coalesce(p.region, b.region) AS STATE,
    coalesce(p.postcode, b.postcode) AS ZIP,
    upper(p.occupation) AS OCCUPATION,
    'G1-' || demo.case_number(demo.row_case(1, r.row, r.person, r.business, r.account)) AS CASE_NO,
    CASE WHEN demo.case_is_open(demo.row_case(1, r.row, r.person, r.business, r.account)) THEN 'OPEN' ELSE 'CLOSED' END AS CASE_STATUS,
    upper(demo.case_contact(demo.row_case(1, r.row, r.person, r.business, r.account))) AS CASE_AGENT,
    strftime(demo.seen_on(r.t) + demo.pick(r.row, 'r.updated', 90)::INTEGER, '%Y-%m-%d') AS UPDATED
FROM demo.data_row AS r
LEFT JOIN demo.person_record AS p ON p.row = r.row AND p.dataset = 'dea_roi'
LEFT JOIN demo.business_record AS b ON b.row = r.row AND b.dataset = 'dea_roi'
WHERE r.dataset = 'dea_roi'
ORDER BY r.key

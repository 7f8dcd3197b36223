-- ICE financial investigative records: one row an account, the person behind it, a firm, and a payment.
SELECT
    r.key AS FIN_ID,
    demo.account_as_ice(a.number, a.masked, r.row) AS ACCT_NO,
    coalesce(a.routing_number, a.bic, a.bank_name) AS INSTITUTION,
    ['DDA', 'SAV', 'BRK', 'LOAN', 'CC'][a.type] AS ACCT_TYPE,
    a.currency AS CURRENCY,
    a.title AS ACCT_TITLE,
    a.second_title AS ACCT_TITLE_2,
    p.given_name || coalesce(' ' || p.middle_name, '') || ' ' || p.surname || coalesce(' ' || p.suffix, '') AS HOLDER_NAME,
    strftime(p.birth_date, '%Y%m%d') AS HOLDER_DOB,
    p.ssn AS HOLDER_SSN,
    p.house_number || ' ' || p.street || coalesce(' Apt ' || p.unit, '') || ', ' || p.city || ', ' || p.region || coalesce(' ' || p.postcode, '') AS HOLDER_ADDR,
    p.phone AS HOLDER_PHONE,
    b.name AS FIRM_NAME,
    b.ein AS FIRM_EIN,
    b.house_number || ' ' || b.street || coalesce(' Ste ' || b.unit, '') || coalesce(', ' || b.city || ', ' || b.region, '') || coalesce(' ' || b.postcode, '') AS FIRM_ADDR,
    b.phone AS FIRM_PHONE,
    (100 + demo.pick(r.row, 'r.amount', 9900) * (1 + demo.pick(r.row, 'r.scale', 20)))::VARCHAR || '.00' AS PAY_AMT,
    strftime(demo.seen_on(r.t), '%Y%m%d') AS PAY_DATE,
    'ICE' || demo.case_number(demo.row_case(3, r.row, r.person, r.business, r.account)) AS CASE_NUMBER,
    CASE WHEN demo.case_is_open(demo.row_case(3, r.row, r.person, r.business, r.account)) THEN 'A' ELSE 'C' END AS CASE_STATUS,
    demo.case_contact(demo.row_case(3, r.row, r.person, r.business, r.account)) AS AGENT,
    'FSEC' AS CUI
FROM demo.data_row AS r
JOIN demo.account_record AS a ON a.row = r.row AND a.dataset = 'ice_financial'
LEFT JOIN demo.person_record AS p ON p.row = r.row AND p.dataset = 'ice_financial'
LEFT JOIN demo.business_record AS b ON b.row = r.row AND b.dataset = 'ice_financial'
WHERE r.dataset = 'ice_financial'
ORDER BY r.key

-- FinCEN suspicious activity: one row a report on a subject, an organisation or an account, or on several of them.
SELECT
    r.key AS BSA_ID,
    strftime(demo.seen_on(r.t), '%m/%d/%Y') AS FILED,
    p.surname AS SUBJ_LAST,
    p.given_name AS SUBJ_FIRST,
    p.middle_name AS SUBJ_MI,
    p.suffix AS SUBJ_SUFFIX,
    strftime(p.birth_date, '%m/%d/%Y') AS SUBJ_DOB,
    p.ssn AS SUBJ_TIN,
    left(p.licence, 2) AS SUBJ_DL_STATE,
    substr(p.licence, 3) AS SUBJ_DL,
    demo.dotted(p.phone) AS SUBJ_PHONE,
    p.house_number || ' ' || p.street || coalesce(' Apt ' || p.unit, '') AS SUBJ_STREET,
    p.city AS SUBJ_CITY,
    p.region AS SUBJ_STATE,
    p.postcode AS SUBJ_ZIP,
    p.occupation AS SUBJ_OCCUPATION,
    b.name AS ORG_NAME,
    b.trading_name AS ORG_DBA,
    b.ein AS ORG_EIN,
    demo.dotted(b.phone) AS ORG_PHONE,
    b.website AS ORG_WEBSITE,
    b.house_number || ' ' || b.street || coalesce(' Suite ' || b.unit, '') AS ORG_STREET,
    b.city AS ORG_CITY,
    b.region AS ORG_STATE,
    b.postcode AS ORG_ZIP,
    CASE WHEN NOT a.as_iban THEN demo.account_as_fincen(a.number, a.masked, r.row) END AS ACCT_NO,
    CASE WHEN a.as_iban THEN demo.iban(a.country, a.iban_code || a.iban_number) END AS ACCT_IBAN,
    a.routing_number AS ACCT_ROUTING,
    a.bic AS ACCT_BIC,
    a.bank_name AS ACCT_BANK,
    ['Checking', 'Savings', 'Brokerage', 'Loan', 'Credit card'][a.type] AS ACCT_TYPE,
    CASE WHEN a.row IS NOT NULL THEN a.currency END AS ACCT_CURRENCY,
    nullif(concat_ws('; ', a.title, a.second_title), '') AS ACCT_HOLDERS,
    strftime(a.opened_on, '%m/%d/%Y') AS ACCT_OPENED,
    'FSEC' AS CUI
FROM demo.data_row AS r
LEFT JOIN demo.person_record AS p ON p.row = r.row AND p.dataset = 'fincen_reports'
LEFT JOIN demo.business_record AS b ON b.row = r.row AND b.dataset = 'fincen_reports'
LEFT JOIN demo.account_record AS a ON a.row = r.row AND a.dataset = 'fincen_reports'
WHERE r.dataset = 'fincen_reports'
ORDER BY r.key

-- One row an account record: the values as they will be visible, before each dataset writes them its own way.
WITH looked_up AS (
    SELECT
        r.row, r.dataset, r.key, r.t, r.account, r.person,
        bank.bank, bank.short_name, bank.abbreviation, bank.country, bank.routing_number, bank.bic, bank.iban_code,
        demo.number(r.account) AS number_true, habit.typing,
        CASE WHEN demo.of_business(r.account) THEN trim(firm.name || ' ' || demo.legal_form(firm.business)) END AS firm,
        title.given, title.middle, title.surname, title.given2, title.surname2,
        demo.u(r.row, 'k.bank how') AS bank_how, demo.pick(r.row, 'k.bank words', 4) AS bank_words,
        demo.chance(r.row, 'k.masked', demo.rate_masked()) AS masked
    FROM demo.data_row AS r
    JOIN demo.habit AS habit ON habit.dataset = r.dataset
    JOIN demo.account_title AS title ON title.account = r.account
    -- The other account of the same number must be at another bank: half the list of buckets away.
    JOIN demo.bank AS bank
        ON bank.bucket = CASE WHEN demo.kin(r.account) = 'bank'
            THEN (demo.bank_bucket(r.account - 1) + 2048 + demo.pick(r.account, 'k.other bank', 1024)) % 4096 ELSE demo.bank_bucket(r.account) END
    LEFT JOIN demo.business_name AS firm ON firm.business = demo.business_owner(r.account)
    WHERE r.account IS NOT NULL
),
numbered AS (
    SELECT
        *,
        CASE
            WHEN demo.fails(row, 'k.number', demo.rate_number_error(), typing) THEN demo.wrong_digit(number_true, demo.draw(row, 'k.number how'))
            ELSE number_true
        END AS number_written,
        CASE
            WHEN bank_how < demo.rate_bank_missing() THEN NULL
            WHEN bank_how < demo.rate_bank_missing() + demo.rate_bank_as_name() THEN 'name'
            WHEN routing_number IS NOT NULL AND demo.chance(row, 'k.routing', 0.75) THEN 'routing'
            ELSE 'bic'
        END AS bank_form,
        CASE bank_words
            WHEN 0 THEN short_name WHEN 1 THEN abbreviation
            WHEN 2 THEN demo.typo(bank, demo.draw(row, 'k.bank typo')) ELSE bank
        END AS bank_name
    FROM looked_up
)
SELECT
    row, dataset, key, t, account, person,
    number_written AS number, masked,
    iban_code IS NOT NULL AND NOT masked AND demo.chance(row, 'k.iban', 0.6) AS as_iban,
    country, iban_code, lpad(number_written, CASE country WHEN 'DE' THEN 10 WHEN 'CH' THEN 12 ELSE 16 END, '0') AS iban_number,
    bank_form,
    CASE bank_form WHEN 'name' THEN bank_name END AS bank_name,
    CASE bank_form WHEN 'routing' THEN routing_number END AS routing_number,
    CASE bank_form WHEN 'bic' THEN bic || CASE WHEN demo.chance(row, 'k.branch', 0.3) THEN 'XXX' ELSE '' END END AS bic,
    CASE WHEN demo.chance(row, 'k.no type', 0.1) THEN NULL ELSE demo.account_type(account) END AS type,
    CASE country WHEN 'US' THEN 'USD' WHEN 'CH' THEN 'CHF' WHEN 'AE' THEN 'AED' WHEN 'PL' THEN 'PLN' WHEN 'MX' THEN 'MXN' WHEN 'PA' THEN 'USD' ELSE 'EUR' END AS currency,
    CASE WHEN demo.chance(row, 'k.no opened', CASE dataset WHEN 'ice_financial' THEN 1 ELSE 0.5 END) THEN NULL ELSE demo.opened_on(account) END AS opened_on,
    CASE
        WHEN demo.chance(row, 'k.no title', 0.06) THEN NULL
        WHEN firm IS NOT NULL THEN CASE WHEN demo.fails(row, 'k.firm typo', demo.rate_name_typo() * 2, typing) THEN demo.typo(firm, demo.draw(row, 'k.firm how')) ELSE firm END
        ELSE CASE WHEN demo.chance(row, 'k.title initial', 0.3) THEN left(given, 1) ELSE given END
            || CASE WHEN demo.chance(row, 'k.title middle', 0.4) THEN ' ' || middle || ' ' ELSE ' ' END
            || CASE WHEN demo.fails(row, 'k.title typo', demo.rate_name_typo() * 2, typing) THEN demo.typo(surname, demo.draw(row, 'k.title how')) ELSE surname END
    END AS title,
    CASE WHEN firm IS NULL AND NOT demo.chance(row, 'k.no second', 0.4) THEN given2 || ' ' || surname2 END AS second_title
FROM numbered

-- One standardised row an account record of `mapped`, then `empty` (no identifying attribute) and `bad_values` (written but unusable).
-- Each attribute goes through its macros step by step, side by side: a step is evaluated once, what a macro repeats is a column.
SELECT
    dataset, "key", "role", agency, seen_on, institution, "number", number_tail, masked, iban, account_type, currency, holder, holders,
    opened_on,
    "number" IS NULL AND number_tail IS NULL AND iban IS NULL AS "empty",
    bad_values
FROM (
    WITH
    -- What is written in the common forms is read at once; the steps behind are for all else.
    plain_1 AS (
        SELECT
            *,
            std_date_order(seen_order, country_default) AS seen_reading,
            std_date_iso(seen_on, std_date_order(seen_order, country_default)) AS seen_plain,
            std_date_order(date_order, country_default) AS opened_reading,
            std_date_iso(opened_on, std_date_order(date_order, country_default)) AS opened_plain,
            CASE WHEN len(holder) = 1 THEN std_holder_plain(holder[1]) END AS holder_plain
        FROM mapped
    ),
    plain_2 AS (
        SELECT * REPLACE (
            std_date_plain(seen_plain, seen_on) AS seen_plain,
            std_date_plain(opened_plain, opened_on) AS opened_plain,
            std_spaced(list_sort(string_split(holder_plain, ' '))) AS holder_plain
        ),
        -- A lambda makes its patterns anew for every piece of the data: a single text goes without.
        CASE
            WHEN holder_plain IS NULL AND len(holder) = 1 AND std_is_joint(holder[1]) AND std_is_written(holder[1]) THEN std_joint_parts(holder[1])
        END AS holder_parts
        FROM plain_1
    ),
    step_1 AS (
        SELECT
            *,
            CASE WHEN seen_plain IS NULL AND seen_on <> '' THEN std_date_text(seen_on) END AS seen,
            CASE WHEN opened_plain IS NULL AND opened_on <> '' THEN std_date_text(opened_on) END AS opened,
            CASE WHEN "number" <> '' AND std_is_written("number") THEN std_is_masked("number") END AS is_masked,
            CASE WHEN "number" <> '' AND std_is_written("number") THEN std_alnum("number") END AS number_folded,
            CASE WHEN iban <> '' AND std_is_written(iban) THEN std_alnum(iban) END AS iban_folded,
            CASE WHEN iban <> '' AND std_is_masked(iban) THEN std_filled(std_number_tail(iban, true)) END AS iban_tail,
            CASE WHEN routing_number <> '' THEN std_plain_number(routing_number) END AS routing,
            CASE WHEN institution <> '' THEN std_plain_number(institution) END AS institution_digits,
            CASE WHEN institution <> '' AND std_is_written(institution) THEN std_org_text(institution) END AS bank,
            CASE WHEN account_type <> '' THEN std_fold(account_type) END AS kind,
            CASE
                WHEN holder_plain IS NOT NULL THEN NULL
                WHEN holder_parts IS NOT NULL THEN std_joint_names(holder_parts)
                WHEN len(holder) = 1 THEN CASE WHEN std_is_written(holder[1]) THEN holder END
                WHEN len(holder) > 1 THEN std_holders(list_filter(holder, lambda one_holder: std_is_written(one_holder)))
            END AS owners
        FROM plain_2
    ),
    step_2 AS (
        SELECT
            * REPLACE (
                CASE WHEN seen IS NOT NULL THEN std_date_shape(seen, seen_reading) END AS seen,
                CASE WHEN opened IS NOT NULL THEN std_date_shape(opened, opened_reading) END AS opened,
                CASE WHEN bank IS NOT NULL THEN std_org_bare(bank) END AS bank,
                CASE WHEN len(owners) > 1 THEN list_transform(owners, lambda one_holder: std_name_text(one_holder)) END AS owners,
                std_routing(routing) AS routing,
                std_routing(institution_digits) AS institution_digits,
                std_iban(regexp_replace(iban_folded, '^iban', '')) AS iban_folded
            ),
            CASE WHEN len(owners) = 1 THEN std_name_text(owners[1]) END AS owner,
            CASE WHEN length(number_folded) >= 15 THEN std_iban(number_folded) END AS iban_in_number,
            CASE WHEN bic <> '' THEN std_bic(bic) END AS bank_code,
            CASE WHEN institution <> '' AND std_is_bic(institution) THEN std_bic(institution) END AS institution_code,
            CASE WHEN NOT is_masked THEN std_account_number(number_folded) END AS full_number
        FROM step_1
    ),
    step_3 AS (
        SELECT
            * REPLACE (
                CASE WHEN seen IS NOT NULL THEN std_date_fields(seen) END AS seen,
                CASE WHEN opened IS NOT NULL THEN std_date_fields(opened) END AS opened,
                CASE WHEN bank IS NOT NULL THEN std_org_parted(bank) END AS bank,
                CASE WHEN owner IS NOT NULL THEN std_name_parted(std_joined(owner)) END AS owner,
                CASE WHEN len(owners) > 0 THEN list_transform(owners, lambda one_holder: std_name_parted(std_joined(one_holder))) END AS owners
            )
        FROM step_2
    ),
    step_4 AS (
        SELECT
            * REPLACE (
                CASE WHEN seen IS NOT NULL THEN std_date_texts(seen) END AS seen,
                CASE WHEN opened IS NOT NULL THEN std_date_texts(opened) END AS opened,
                CASE WHEN bank IS NOT NULL THEN std_org_form(bank) END AS bank,
                CASE WHEN owner IS NOT NULL THEN std_name_bare(owner).bare END AS owner,
                CASE WHEN len(owners) > 0 THEN list_transform(owners, lambda one_holder: std_name_bare(one_holder).bare) END AS owners
            )
        FROM step_3
    ),
    step_5 AS (
        SELECT
            * REPLACE (
                CASE WHEN seen IS NOT NULL THEN std_date_days(seen) END AS seen,
                CASE WHEN opened IS NOT NULL THEN std_date_days(opened) END AS opened,
                CASE WHEN bank IS NOT NULL THEN std_org(bank) END AS bank,
                CASE WHEN owner IS NOT NULL THEN std_holder_text(owner) END AS owner,
                CASE WHEN len(owners) > 0 THEN list_transform(owners, lambda one_holder: std_holder_text(one_holder)) END AS owners
            )
        FROM step_4
    ),
    step_6 AS (
        SELECT
            * REPLACE (
                CASE WHEN seen IS NOT NULL THEN std_date_choice(seen) END AS seen,
                CASE WHEN opened IS NOT NULL THEN std_date_choice(opened) END AS opened,
                CASE WHEN owner IS NOT NULL THEN std_holder(owner) END AS owner,
                CASE WHEN len(owners) > 0 THEN list_transform(owners, lambda one_holder: std_holder(one_holder)) END AS owners
            )
        FROM step_5
    ),
    step_7 AS (
        SELECT
            * REPLACE (
                CASE WHEN seen IS NOT NULL THEN std_date(seen) END AS seen,
                CASE WHEN opened IS NOT NULL THEN std_date(opened) END AS opened
            ),
            coalesce(iban_folded, iban_in_number) AS whole_iban,
            CASE WHEN iban_folded IS NOT NULL OR iban_in_number IS NOT NULL
                THEN coalesce(std_iban_account(coalesce(iban_folded, iban_in_number)), coalesce(iban_folded, iban_in_number))
            END AS iban_account
        FROM step_6
    )
    SELECT
        dataset, "key", "role", agency,
        coalesce(CAST(seen_plain AS DATE), seen.day) AS seen_on,
        coalesce(routing, institution_digits, bank_code, institution_code, std_org_latin(bank), bank.core) AS institution,
        CASE WHEN iban_in_number IS NOT NULL OR full_number IS NULL THEN std_account_number(iban_account) ELSE full_number END AS "number",
        CASE
            WHEN iban_in_number IS NOT NULL THEN right(iban_account, 4)
            WHEN is_masked OR full_number IS NOT NULL THEN std_filled(std_number_tail("number", is_masked))
            ELSE coalesce(right(iban_account, 4), iban_tail)
        END AS number_tail,
        coalesce(is_masked, CASE WHEN whole_iban IS NOT NULL THEN false WHEN iban_tail IS NOT NULL THEN true END) AS masked,
        whole_iban AS iban,
        CASE WHEN kind IS NOT NULL THEN std_filled(getvariable('std_account_types')[kind]) END AS account_type,
        CASE WHEN currency <> '' THEN std_currency(currency) END AS currency,
        std_squeeze(array_to_string(list_filter(holder, lambda one_holder: trim(one_holder) <> ''), '; ')) AS holder,
        CASE WHEN holder_plain IS NOT NULL THEN [holder_plain] WHEN owner IS NOT NULL THEN [owner] ELSE std_list(owners) END AS holders,
        coalesce(CAST(opened_plain AS DATE), opened.day) AS opened_on,
        (
            (kind IS NOT NULL AND NOT std_is_placeholder('any', kind) AND getvariable('std_account_types')[kind] IS NULL)::INTEGER +
            coalesce(seen.bad, false)::INTEGER + coalesce(opened.bad, false)::INTEGER
            + (is_masked IS NOT NULL AND full_number IS NULL AND coalesce(std_number_tail("number", is_masked), '') = '')::INTEGER
            + coalesce(NOT is_masked AND full_number IS NULL AND coalesce(std_number_tail("number", is_masked), '') <> '', false)::INTEGER
            + CASE WHEN iban_folded IS NULL AND iban_tail IS NULL AND iban <> '' THEN std_is_written(iban)::INTEGER ELSE 0 END + CASE WHEN routing IS NULL AND routing_number <> '' THEN std_is_written(routing_number)::INTEGER ELSE 0 END + CASE WHEN bank_code IS NULL AND bic <> '' THEN std_is_written(bic)::INTEGER ELSE 0 END
            + CASE WHEN std_currency(currency) IS NULL AND currency <> '' THEN std_is_written(currency)::INTEGER ELSE 0 END
        )::SMALLINT AS bad_values
    FROM step_7
)

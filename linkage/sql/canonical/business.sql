-- One standardised row a business record of `mapped`, then `empty` (no identifying attribute) and `bad_values` (written but unusable).
-- Each attribute goes through its macros step by step, side by side: a step is evaluated once, what a macro repeats is a column.
SELECT
    dataset, "key", "role", agency, seen_on, "name", name_core, legal_form,
    CASE WHEN name_core IS NOT NULL THEN std_list(string_split(name_core, ' ')) END AS name_tokens,
    other_names, tax_id, identifiers, phones, emails, domain,
    address, house_number, street, unit, city, region, postcode, country,
    name_core IS NULL AND other_names IS NULL AND tax_id IS NULL AND identifiers IS NULL AND phones IS NULL AND emails IS NULL
        AND domain IS NULL AND street IS NULL AND postcode IS NULL AS "empty",
    (
        seen_is_bad::INTEGER + lost_in_lists
        + CASE WHEN postcode IS NULL AND postcode_written <> '' THEN std_is_written(postcode_written)::INTEGER ELSE 0 END
    )::SMALLINT AS bad_values
FROM (
    WITH
    step_1 AS (
        SELECT
            mapped.*,
            std_place_text(CASE
                WHEN street <> '' AND trim(street) <> '' AND NOT std_is_placeholder('address', lower(street)) THEN street
                WHEN trim(po_box) <> '' THEN std_box(po_box)
                WHEN address <> '' AND NOT std_is_placeholder('address', lower(trim(address))) THEN address
            END) AS place,
            coalesce(trim(street), '') = '' AND coalesce(trim(po_box), '') = '' AND trim(address) <> '' OR coalesce(contains(street, ','), false)
                AS place_is_line,
            coalesce(trim(house_number), '') <> '' AS place_number_known,
            std_address(address, house_number, street, unit, po_box, city, region, postcode, country) AS address_joined,
            CASE WHEN unit <> '' AND std_is_written(unit) THEN std_fold(unit) END AS flat,
            CASE WHEN city <> '' THEN std_fold(city) END AS town,
            CASE WHEN region <> '' AND std_is_written(region) THEN std_fold(region) END AS state,
            CASE WHEN postcode <> '' THEN std_alnum(postcode) END AS code,
            CASE WHEN country <> '' AND std_is_written(country) THEN std_fold(country) END AS nation,
            coalesce(lower(country_default), 'us') AS home_country,
            CASE WHEN len(phone) > 0 THEN list_filter(phone, lambda one_phone: std_is_written(one_phone)) END AS telephones,
            CASE WHEN len(email) > 0 THEN list_filter(email, lambda one_mail: std_is_written(one_mail)) END AS mails,
            std_date_order(seen_order, country_default) AS seen_reading,
            CASE WHEN seen_on <> '' THEN std_date_text(seen_on) END AS seen,
            CASE WHEN std_is_written("name"[1]) THEN std_org_names("name"[1]) END AS named,
            CASE
                WHEN len(other_name) > 0 OR len("name") > 1
                    THEN list_filter(list_concat(other_name, "name"[2:]), lambda alias: std_is_written(alias))
            END AS aliases,
            CASE WHEN tax_id <> '' THEN std_plain_number(tax_id) END AS tax_digits,
            CASE WHEN lei <> '' THEN std_alnum(lei) END AS lei_folded,
            CASE WHEN len(registration) > 0 THEN list_filter(registration, lambda one_registration: std_is_written(one_registration)) END AS registrations,
            CASE WHEN len(identifier) > 0 THEN list_filter(identifier, lambda one_other: std_is_written(one_other)) END AS others
        FROM mapped
    ),
    step_2 AS (
        SELECT
            * REPLACE (
                std_place_tail(place, place_is_line, place_number_known) AS place,
                std_date_shape(seen, seen_reading) AS seen,
                CASE WHEN len(telephones) > 0 THEN list_transform(telephones, lambda one_phone: std_phone_text(one_phone)) END AS telephones,
                CASE WHEN len(mails) > 0 THEN list_transform(mails, lambda one_mail: std_email(one_mail)) END AS mails,
                CASE WHEN len(others) > 0 THEN list_transform(others, lambda one_other: std_identifier_parts(one_other)) END AS others,
                CASE WHEN len(registrations) > 0 THEN list_transform(registrations, lambda one_registration: std_identifier_parts(one_registration)) END AS registrations,
                std_lei(lei_folded) AS lei_folded,
                std_unit(flat) AS flat,
                std_city(town) AS town,
                std_region(state) AS state,
                std_postcode(code) AS code,
                std_country(nation) AS nation,
                CASE WHEN len(named) > 1 THEN list_concat(named[2:], aliases) ELSE aliases END AS aliases
            ),
            std_org_text(named[1]) AS company,
            std_tax_id(tax_digits) AS tax,
            CASE WHEN tax_id <> '' AND std_is_written(tax_id) THEN std_identifier_parts(tax_id) END AS tax_other
        FROM step_1
    ),
    step_3 AS (
        SELECT
            * REPLACE (
                std_place_country(place) AS place,
                std_date_fields(seen) AS seen,
                CASE WHEN len(telephones) > 0 THEN list_transform(telephones, lambda one_phone: std_phone_digits(one_phone)) END AS telephones,
                CASE WHEN len(mails) > 0 THEN list_transform(mails, lambda one_mail: std_known('email', one_mail)) END AS mails,
                CASE WHEN len(others) > 0 THEN list_transform(others, lambda one_other: std_identifier('id', one_other)) END AS others,
                CASE WHEN len(registrations) > 0 THEN list_transform(registrations, lambda one_registration: std_identifier('registration', one_registration)) END AS registrations,
                std_org_bare(company) AS company,
                CASE WHEN len(aliases) > 0 THEN list_transform(aliases, lambda alias: std_org_text(alias)) END AS aliases,
                CASE WHEN tax IS NULL AND (tax_digits IS NULL OR length(tax_digits) <> 9) THEN std_identifier('tax', tax_other) END AS tax_other
            )
        FROM step_2
    ),
    step_4 AS (
        SELECT
            * REPLACE (
                std_place_code(place) AS place,
                std_date_texts(seen) AS seen,
                CASE WHEN len(telephones) > 0 THEN list_transform(telephones, lambda one_phone: std_phone_national(one_phone, home_country)) END AS telephones,
                std_org_parted(company) AS company,
                CASE WHEN len(aliases) > 0 THEN list_transform(aliases, lambda alias: std_org_bare(alias)) END AS aliases
            )
        FROM step_3
    ),
    step_5 AS (
        SELECT
            * REPLACE (
                std_place_code_city(place) AS place,
                std_date_days(seen) AS seen,
                CASE WHEN len(telephones) > 0 THEN list_transform(telephones, lambda one_phone: std_phone(one_phone, home_country)) END AS telephones,
                std_org_form(company) AS company,
                CASE WHEN len(aliases) > 0 THEN list_transform(aliases, lambda alias: std_org_parted(alias)) END AS aliases
            )
        FROM step_4
    ),
    step_6 AS (
        SELECT
            * REPLACE (
                std_place_again(place) AS place,
                std_date_choice(seen) AS seen,
                std_org(company) AS company,
                CASE WHEN len(aliases) > 0 THEN list_transform(aliases, lambda alias: std_org_form(alias)) END AS aliases
            )
        FROM step_5
    ),
    step_7 AS (
        SELECT
            * REPLACE (
                std_place_region(place) AS place,
                std_date(seen) AS seen,
                CASE WHEN len(aliases) > 0 THEN list_transform(aliases, lambda alias: std_org(alias)) END AS aliases
            )
        FROM step_6
    ),
    step_8 AS (
        SELECT
            * REPLACE (
                std_place_state(place) AS place,
                CASE
                    WHEN len(aliases) > 0
                        THEN list_concat(
                            list_transform(aliases, lambda alias: alias.core),
                            list_transform(aliases, lambda alias: CASE WHEN NOT std_is_latin(alias.core) THEN std_org_latin(alias) END))
                END AS aliases
            ),
            std_org_latin(company) AS core,
            CASE WHEN NOT std_is_latin(company.core) THEN company.core END AS native_core
        FROM step_7
    ),
    step_9 AS (
        SELECT
            * REPLACE (
                std_place_unit(place) AS place
            )
        FROM step_8
    ),
    step_10 AS (
        SELECT
            * REPLACE (
                std_place_split(place) AS place
            )
        FROM step_9
    ),
    step_11 AS (
        SELECT
            * REPLACE (
                std_place_city(place) AS place
            )
        FROM step_10
    ),
    step_12 AS (
        SELECT
            * REPLACE (
                std_place_number(place) AS place
            )
        FROM step_11
    ),
    step_13 AS (
        SELECT
            * REPLACE (
                std_place_parts(place) AS place
            )
        FROM step_12
    ),
    step_14 AS (
        SELECT
            * REPLACE (
                std_place_fold(place) AS place
            )
        FROM step_13
    ),
    step_15 AS (
        SELECT
            * REPLACE (
                std_place(place) AS place
            )
        FROM step_14
    )
    SELECT
        dataset, "key", "role", agency,
        seen.day AS seen_on, coalesce(seen.bad, false) AS seen_is_bad,
        std_squeeze("name"[1]) AS "name",
        core AS name_core, company.form AS legal_form,
        CASE
            WHEN native_core IS NOT NULL OR len(aliases) > 0
                THEN std_list(list_filter(list_append(aliases, native_core), lambda alias: alias <> core OR core IS NULL))
        END AS other_names,
        tax AS tax_id,
        CASE
            WHEN lei_folded IS NOT NULL OR tax_other IS NOT NULL OR len(registrations) > 0 OR len(others) > 0
                THEN std_list(list_concat(list_concat(['lei::' || lei_folded, tax_other], registrations), others))
        END AS identifiers,
        std_list(telephones) AS phones,
        std_list(mails) AS emails,
        CASE WHEN website <> '' THEN std_domain(website) END AS domain,
        std_address_clean(address_joined) AS address,
        coalesce(std_house_number(house_number), place.house_number) AS house_number,
        place.street AS street,
        coalesce(flat, place.unit) AS unit,
        coalesce(town, place.city) AS city,
        coalesce(state, place.region) AS region,
        coalesce(code, place.postcode) AS postcode,
        coalesce(nation, place.country) AS country,
        postcode AS postcode_written,
        std_lost(telephones) + std_lost(mails) + std_lost(others) + std_lost(registrations)
            + (tax IS NULL AND tax_other IS NULL AND tax_id <> '' AND std_is_written(tax_id))::INTEGER
            + (lei_folded IS NULL AND lei <> '' AND std_is_written(lei))::INTEGER
            + (std_domain(website) IS NULL AND website <> '' AND std_is_written(website))::INTEGER AS lost_in_lists
    FROM step_15
)

-- One standardised row a business record of `mapped`, then `empty` (no identifying attribute) and `bad_values` (written but unusable).
-- Each attribute goes through its macros step by step, side by side: a step is evaluated once, what a macro repeats is a column.
SELECT
    dataset, "key", "role", agency, seen_on, "name", name_core, legal_form,
    std_list(name_words) AS name_tokens,
    other_names, tax_id, identifiers, phones, emails, domain,
    address, house_number, street, unit, city, region, postcode, country,
    -- Looked at one after the other: nearly every record has a name.
    CASE
        WHEN name_core IS NOT NULL THEN false
        ELSE other_names IS NULL AND tax_id IS NULL AND identifiers IS NULL AND phones IS NULL AND emails IS NULL
            AND domain IS NULL AND street IS NULL AND postcode IS NULL
    END AS "empty",
    (
        seen_is_bad::INTEGER + lost_in_lists
        + CASE WHEN postcode IS NULL AND postcode_written <> '' THEN std_is_written(postcode_written)::INTEGER ELSE 0 END
    )::SMALLINT AS bad_values
FROM (SELECT *, CASE WHEN name_core IS NOT NULL THEN string_split(name_core, ' ') END AS name_words FROM (
    WITH
    -- What is written in the common forms is read at once; the steps behind are for all else.
    plain_1 AS (
        SELECT
            *,
            coalesce(trim(street), '') = '' AND coalesce(trim(po_box), '') = '' AND trim(address) <> '' OR coalesce(contains(street, ','), false)
                AS place_is_line,
            coalesce(trim(house_number), '') <> '' AS place_number_known,
            CASE
                WHEN street <> '' AND trim(street) <> '' AND NOT std_is_placeholder('address', lower(street)) THEN street
                WHEN trim(po_box) <> '' THEN std_box(po_box)
                WHEN address <> '' AND NOT std_is_placeholder('address', lower(trim(address))) THEN address
            END AS place_told,
            coalesce(lower(country_default), 'us') AS home_country,
            std_phone_plain(phone[1], coalesce(lower(country_default), 'us')) AS phone_1,
            std_phone_plain(phone[2], coalesce(lower(country_default), 'us')) AS phone_2,
            std_date_order(seen_order, country_default) AS seen_reading,
            std_date_iso(seen_on, std_date_order(seen_order, country_default)) AS seen_plain
        FROM mapped
    ),
    plain_2 AS (
        SELECT
            * REPLACE (
                std_phone_known(phone_1) AS phone_1,
                std_phone_known(phone_2) AS phone_2,
                std_date_plain(seen_plain, seen_on) AS seen_plain
            ),
            std_place_plain(place_told, place_is_line, place_number_known) AS place_low
        FROM plain_1
    ),
    plain_3 AS (
        SELECT
            *,
            split_part(place_low, ', ', 1) AS place_head,
            CASE WHEN contains(place_low, ',') THEN substr(place_low, instr(place_low, ',') + 2) END AS place_tail
        FROM plain_2
    ),
    plain_4 AS (
        SELECT
            *,
            std_place_flat(place_head) AS place_flat,
            CASE WHEN place_tail IS NOT NULL THEN regexp_extract(place_tail, ' ([0-9]{5})(?:, usa)?$', 1) END AS place_code
        FROM plain_3
    ),
    plain_5 AS (
        SELECT
            *,
            left(place_head, strlen(place_head) - strlen(place_flat)) AS place_road,
            std_place_town(place_tail, place_code) AS place_town
        FROM plain_4
    ),
    plain_6 AS (
        SELECT
            *,
            rtrim(left(place_town, strlen(place_town) - 3), ',') AS place_city,
            CASE WHEN place_road < ':' THEN substr(place_road, instr(place_road, ' ') + 1) ELSE place_road END AS place_street,
            coalesce(std_place_is_plain(place_head, place_road, place_town, place_is_line), false) AS place_is_plain
        FROM plain_5
    ),
    step_1 AS (
        SELECT
            *,
            std_place_text(CASE WHEN NOT place_is_plain THEN place_told END) AS place,
            std_address(address, house_number, street, unit, po_box, city, region, postcode, country) AS address_joined,
            CASE WHEN unit <> '' AND std_is_written(unit) THEN std_fold(unit) END AS flat,
            CASE WHEN city <> '' THEN std_fold(city) END AS town,
            CASE WHEN region <> '' AND std_is_written(region) THEN std_fold(region) END AS state,
            CASE WHEN postcode <> '' THEN std_alnum(postcode) END AS code,
            CASE WHEN country <> '' AND std_is_written(country) THEN std_fold(country) END AS nation,
            CASE
                WHEN len(phone) > 2 OR phone_1 IS NULL AND len(phone) > 0 OR phone_2 IS NULL AND len(phone) > 1
                    THEN list_filter(
                        list_concat([CASE WHEN phone_1 IS NULL THEN phone[1] END, CASE WHEN phone_2 IS NULL THEN phone[2] END], phone[3:]),
                        lambda one_phone: std_is_written(one_phone))
            END AS telephones,
            -- A lambda makes its patterns anew for every piece of the data: a single value goes without.
            CASE WHEN len(email) = 1 AND std_is_written(email[1]) THEN email[1] END AS mail_told,
            CASE WHEN len(email) > 1 THEN list_filter(email, lambda one_mail: std_is_written(one_mail)) END AS mails,
            CASE WHEN seen_plain IS NULL AND seen_on <> '' THEN std_date_text(seen_on) END AS seen,
            CASE WHEN std_is_written("name"[1]) THEN std_org_names("name"[1]) END AS named,
            CASE
                WHEN len(other_name) > 0 OR len("name") > 1
                    THEN list_filter(list_concat(other_name, "name"[2:]), lambda alias: std_is_written(alias))
            END AS aliases,
            CASE WHEN tax_id <> '' THEN std_plain_number(tax_id) END AS tax_digits,
            CASE WHEN lei <> '' THEN std_alnum(lei) END AS lei_folded,
            CASE WHEN len(registration) > 0 THEN list_filter(registration, lambda one_registration: std_is_written(one_registration)) END AS registrations,
            CASE WHEN len(identifier) > 0 THEN list_filter(identifier, lambda one_other: std_is_written(one_other)) END AS others
        FROM plain_6
    ),
    step_2 AS (
        SELECT
            * REPLACE (
                CASE WHEN place IS NOT NULL THEN std_place_tail(place, place_is_line, place_number_known) END AS place,
                CASE WHEN seen IS NOT NULL THEN std_date_shape(seen, seen_reading) END AS seen,
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
            std_email(mail_told) AS mail,
            std_org_text(named[1]) AS company,
            std_tax_id(tax_digits) AS tax,
            CASE WHEN tax_id <> '' AND std_is_written(tax_id) THEN std_identifier_parts(tax_id) END AS tax_other
        FROM step_1
    ),
    step_3 AS (
        SELECT
            * REPLACE (
                CASE WHEN place IS NOT NULL THEN std_place_country(place) END AS place,
                CASE WHEN seen IS NOT NULL THEN std_date_fields(seen) END AS seen,
                CASE WHEN len(telephones) > 0 THEN list_transform(telephones, lambda one_phone: std_phone_digits(one_phone)) END AS telephones,
                std_known('email', mail) AS mail,
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
                CASE WHEN place IS NOT NULL THEN std_place_code(place) END AS place,
                CASE WHEN seen IS NOT NULL THEN std_date_texts(seen) END AS seen,
                CASE WHEN len(telephones) > 0 THEN list_transform(telephones, lambda one_phone: std_phone_national(one_phone, home_country)) END AS telephones,
                std_org_parted(company) AS company,
                CASE WHEN len(aliases) > 0 THEN list_transform(aliases, lambda alias: std_org_bare(alias)) END AS aliases
            )
        FROM step_3
    ),
    step_5 AS (
        SELECT
            * REPLACE (
                CASE WHEN place IS NOT NULL THEN std_place_code_city(place) END AS place,
                CASE WHEN seen IS NOT NULL THEN std_date_days(seen) END AS seen,
                CASE WHEN len(telephones) > 0 THEN list_transform(telephones, lambda one_phone: std_phone(one_phone, home_country)) END AS telephones,
                std_org_form(company) AS company,
                CASE WHEN len(aliases) > 0 THEN list_transform(aliases, lambda alias: std_org_parted(alias)) END AS aliases
            )
        FROM step_4
    ),
    step_6 AS (
        SELECT
            * REPLACE (
                CASE WHEN place IS NOT NULL THEN std_place_again(place) END AS place,
                CASE WHEN seen IS NOT NULL THEN std_date_choice(seen) END AS seen,
                std_org(company) AS company,
                CASE WHEN len(aliases) > 0 THEN list_transform(aliases, lambda alias: std_org_form(alias)) END AS aliases
            )
        FROM step_5
    ),
    step_7 AS (
        SELECT
            * REPLACE (
                CASE WHEN place IS NOT NULL THEN std_place_region(place) END AS place,
                CASE WHEN seen IS NOT NULL THEN std_date(seen) END AS seen,
                CASE WHEN len(aliases) > 0 THEN list_transform(aliases, lambda alias: std_org(alias)) END AS aliases
            )
        FROM step_6
    ),
    step_8 AS (
        SELECT
            * REPLACE (
                CASE WHEN place IS NOT NULL THEN std_place_state(place) END AS place,
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
                CASE WHEN place IS NOT NULL THEN std_place_unit(place) END AS place
            )
        FROM step_8
    ),
    step_10 AS (
        SELECT
            * REPLACE (
                CASE WHEN place IS NOT NULL THEN std_place_split(place) END AS place
            )
        FROM step_9
    ),
    step_11 AS (
        SELECT
            * REPLACE (
                CASE WHEN place IS NOT NULL THEN std_place_city(place) END AS place
            )
        FROM step_10
    ),
    step_12 AS (
        SELECT
            * REPLACE (
                CASE WHEN place IS NOT NULL THEN std_place_number(place) END AS place
            )
        FROM step_11
    ),
    step_13 AS (
        SELECT
            * REPLACE (
                CASE WHEN place IS NOT NULL THEN std_place_parts(place) END AS place
            )
        FROM step_12
    ),
    step_14 AS (
        SELECT
            * REPLACE (
                CASE WHEN place IS NOT NULL THEN std_place_fold(place) END AS place
            )
        FROM step_13
    ),
    step_15 AS (
        SELECT
            * REPLACE (
                CASE WHEN place IS NOT NULL THEN std_place(place) END AS place
            )
        FROM step_14
    )
    SELECT
        dataset, "key", "role", agency,
        coalesce(CAST(seen_plain AS DATE), seen.day) AS seen_on, coalesce(seen.bad, false) AS seen_is_bad,
        std_squeeze("name"[1]) AS "name",
        core AS name_core, company.form AS legal_form,
        std_list(alias_list) AS other_names,
        tax AS tax_id,
        std_list(identifier_list) AS identifiers,
        CASE WHEN phone_list IS NULL THEN std_pair(phone_1, phone_2) ELSE std_list(phone_list) END AS phones,
        CASE WHEN mail IS NULL THEN std_list(mails) ELSE [mail] END AS emails,
        CASE WHEN website <> '' THEN std_domain(website) END AS domain,
        std_squeeze(address_clean) AS address,
        coalesce(std_house_number(house_number), CASE WHEN place_is_plain THEN CASE WHEN place_road < ':' THEN split_part(place_road, ' ', 1) END ELSE place.house_number END) AS house_number,
        CASE WHEN place_is_plain THEN std_street(place_street) ELSE place.street END AS street,
        coalesce(flat, CASE WHEN NOT place_is_plain THEN place.unit WHEN place_flat <> '' THEN regexp_extract(place_flat, '[0-9]+[a-z]?$') END) AS unit,
        coalesce(town, CASE WHEN place_is_plain THEN std_city(place_city) ELSE place.city END) AS city,
        coalesce(state, CASE WHEN place_is_plain THEN getvariable('std_regions')[right(place_town, 2)] ELSE place.region END) AS region,
        coalesce(code, CASE WHEN NOT place_is_plain THEN place.postcode WHEN place_code <> '' THEN std_known('postcode', place_code) END) AS postcode,
        coalesce(nation, CASE WHEN NOT place_is_plain THEN place.country WHEN ends_with(place_tail, ', usa') THEN 'us' END) AS country,
        postcode AS postcode_written,
        std_lost(telephones) + (mail_told IS NOT NULL AND mail IS NULL)::INTEGER + std_lost(mails) + std_lost(others) + std_lost(registrations)
            + (tax IS NULL AND tax_other IS NULL AND tax_id <> '' AND std_is_written(tax_id))::INTEGER
            + (lei_folded IS NULL AND lei <> '' AND std_is_written(lei))::INTEGER
            + (std_domain(website) IS NULL AND website <> '' AND std_is_written(website))::INTEGER AS lost_in_lists
    FROM (
        SELECT
            *,
            std_address_clean(address_joined) AS address_clean,
            CASE WHEN len(telephones) > 0 THEN list_concat([phone_1, phone_2], telephones) END AS phone_list,
            CASE
                WHEN lei_folded IS NOT NULL OR tax_other IS NOT NULL OR len(registrations) > 0 OR len(others) > 0
                    THEN list_concat(list_concat(['lei::' || lei_folded, tax_other], registrations), others)
            END AS identifier_list,
            CASE
                WHEN native_core IS NOT NULL OR len(aliases) > 0
                    THEN list_filter(list_append(aliases, native_core), lambda alias: alias <> core OR core IS NULL)
            END AS alias_list
        FROM step_15
    )
))

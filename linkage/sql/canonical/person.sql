-- One standardised row a person record of `mapped`, then `empty` (no identifying attribute) and `bad_values` (written but unusable).
-- Each attribute goes through its macros step by step, side by side: a step is evaluated once, what a macro repeats is a column.
SELECT
    dataset, "key", "role", agency, seen_on, "name", given_name, middle_name, surname, suffix, given_root, surname_code, other_names,
    birth_date, birth_date_alt, birth_year, sex, ssn, ssn_last4, identifiers, phones, emails,
    address, house_number, street, unit, city, region, postcode, country, birth_place, occupation, employer,
    given_name IS NULL AND surname IS NULL AND other_names IS NULL AND birth_year IS NULL AND ssn_last4 IS NULL
        AND identifiers IS NULL AND phones IS NULL AND emails IS NULL AND street IS NULL AND postcode IS NULL AS "empty",
    (
        birth_is_bad::INTEGER + seen_is_bad::INTEGER + lost_in_lists
        + CASE WHEN sex IS NULL AND sex_written <> '' AND lower(trim(sex_written)) NOT IN ('u', 'x', 'o', 'other') THEN std_is_written(sex_written)::INTEGER ELSE 0 END
        + CASE WHEN ssn_last4 IS NULL AND itin IS NULL AND ssn_written <> '' THEN std_is_written(ssn_written)::INTEGER ELSE 0 END
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
            std_date_order(date_order, country_default) AS birth_reading,
            CASE WHEN birth_date <> '' THEN std_date_text(birth_date) END AS birth,
            coalesce(trim(given_name), '') <> '' OR coalesce(trim(surname), '') <> '' AS in_parts,
            std_fold(given_name) AS given,
            CASE WHEN middle_name <> '' THEN std_fold(middle_name) END AS middle,
            std_fold(surname) AS family,
            std_suffix(suffix) AS generation,
            CASE
                WHEN coalesce(trim(given_name), '') = '' AND coalesce(trim(surname), '') = ''
                    THEN CASE WHEN std_is_written("name"[1]) THEN std_name_text("name"[1]) END
            END AS whole_name,
            CASE
                WHEN len(other_name) > 0 OR len("name") > 1
                    THEN list_filter(list_concat(other_name, "name"[2:]), lambda alias: std_is_written(alias))
            END AS aliases,
            CASE WHEN ssn <> '' THEN std_plain_number(ssn) END AS ssn_digits,
            CASE WHEN passport <> '' AND std_is_written(passport) THEN std_identifier_parts(passport) END AS passport_id,
            CASE WHEN driver_licence <> '' AND std_is_written(driver_licence) THEN std_identifier_parts(driver_licence) END AS licence_id,
            CASE WHEN national_id <> '' AND std_is_written(national_id) THEN std_identifier_parts(national_id) END AS national,
            CASE WHEN len(identifier) > 0 THEN list_filter(identifier, lambda one_other: std_is_written(one_other)) END AS others
        -- A person of whom only other names are told is called by the first of them.
        FROM (
            SELECT * EXCLUDE (nameless) REPLACE (
                CASE WHEN nameless THEN other_name[:1] ELSE "name" END AS "name",
                CASE WHEN nameless THEN other_name[2:] ELSE other_name END AS other_name
            )
            FROM (
                SELECT *, coalesce(trim(given_name), '') = '' AND coalesce(trim(surname), '') = ''
                    AND coalesce(len("name"), 0) = 0 AND len(other_name) > 0 AS nameless
                FROM mapped
            )
        ) AS mapped
    ),
    step_2 AS (
        SELECT
            * REPLACE (
                std_place_tail(place, place_is_line, place_number_known) AS place,
                std_date_shape(seen, seen_reading) AS seen,
                std_date_shape(birth, birth_reading) AS birth,
                CASE WHEN len(telephones) > 0 THEN list_transform(telephones, lambda one_phone: std_phone_text(one_phone)) END AS telephones,
                CASE WHEN len(mails) > 0 THEN list_transform(mails, lambda one_mail: std_email(one_mail)) END AS mails,
                CASE WHEN len(others) > 0 THEN list_transform(others, lambda one_other: std_identifier_parts(one_other)) END AS others,
                CASE WHEN len(aliases) > 0 THEN list_transform(aliases, lambda alias: std_name_text(alias)) END AS aliases,
                std_name_parted(std_joined(whole_name)) AS whole_name,
                std_identifier('passport', passport_id) AS passport_id,
                std_identifier('driver_licence', licence_id) AS licence_id,
                std_identifier('national_id', national) AS national,
                std_unit(flat) AS flat,
                std_city(town) AS town,
                std_region(state) AS state,
                std_postcode(code) AS code,
                std_country(nation) AS nation,
                std_untitled(std_known('name', given)) AS given,
                std_known('name', std_known('middle', middle)) AS middle,
                std_known('name', family) AS family
            ),
            CASE WHEN employer <> '' AND std_is_written(employer) THEN std_org_text(employer) END AS workplace,
            std_ssn(ssn_digits) AS social,
            'itin::' || std_itin(ssn_digits) AS itin
        FROM step_1
    ),
    step_3 AS (
        SELECT
            * REPLACE (
                std_place_country(place) AS place,
                std_date_fields(seen) AS seen,
                std_date_fields(birth) AS birth,
                CASE WHEN len(telephones) > 0 THEN list_transform(telephones, lambda one_phone: std_phone_digits(one_phone)) END AS telephones,
                CASE WHEN len(mails) > 0 THEN list_transform(mails, lambda one_mail: std_known('email', one_mail)) END AS mails,
                CASE WHEN len(others) > 0 THEN list_transform(others, lambda one_other: std_identifier('id', one_other)) END AS others,
                CASE WHEN len(aliases) > 0 THEN list_transform(aliases, lambda alias: std_name_parted(std_joined(alias))) END AS aliases,
                std_name_bare(whole_name) AS whole_name,
                std_joined(given) AS given,
                std_joined(family) AS family
            )
        FROM step_2
    ),
    step_4 AS (
        SELECT
            * REPLACE (
                std_place_code(place) AS place,
                std_date_texts(seen) AS seen,
                std_date_texts(birth) AS birth,
                CASE WHEN len(telephones) > 0 THEN list_transform(telephones, lambda one_phone: std_phone_national(one_phone, home_country)) END AS telephones,
                CASE WHEN len(aliases) > 0 THEN list_transform(aliases, lambda alias: std_name_bare(alias)) END AS aliases,
                std_name_fields(whole_name) AS whole_name
            )
        FROM step_3
    ),
    step_5 AS (
        SELECT
            * REPLACE (
                std_place_code_city(place) AS place,
                std_date_days(seen) AS seen,
                std_date_days(birth) AS birth,
                CASE WHEN len(telephones) > 0 THEN list_transform(telephones, lambda one_phone: std_phone(one_phone, home_country)) END AS telephones,
                CASE WHEN len(aliases) > 0 THEN list_transform(aliases, lambda alias: std_name_fields(alias)) END AS aliases,
                std_name(whole_name) AS whole_name
            )
        FROM step_4
    ),
    step_6 AS (
        SELECT
            * REPLACE (
                std_place_again(place) AS place,
                std_date_choice(seen) AS seen,
                std_date_choice(birth) AS birth,
                CASE WHEN len(aliases) > 0 THEN list_transform(aliases, lambda alias: std_name(alias)) END AS aliases,
                CASE WHEN in_parts THEN given ELSE std_known('name', whole_name.given) END AS given,
                CASE WHEN in_parts THEN middle ELSE std_known('middle', whole_name.middle) END AS middle,
                CASE WHEN in_parts THEN family ELSE std_known('name', whole_name.surname) END AS family,
                CASE WHEN generation IS NULL AND NOT in_parts THEN whole_name.suffix ELSE generation END AS generation
            )
        FROM step_5
    ),
    step_7 AS (
        SELECT
            * REPLACE (
                std_place_region(place) AS place,
                std_date(seen) AS seen,
                std_date(birth) AS birth,
                CASE WHEN len(aliases) > 0 THEN list_transform(aliases, lambda alias: std_other_name(alias)) END AS aliases
            ),
            CASE WHEN len(aliases) > 0 THEN list_transform(aliases, lambda alias: std_other_order(alias)) END AS native_aliases,
            CASE WHEN in_parts AND NOT ends_with(given, ' v') THEN std_endings(given) END AS given_parted,
            CASE WHEN in_parts THEN std_endings(family) END AS family_parted,
            coalesce(contains("name"[1], ','), false) AS whole_comma
        FROM step_6
    ),
    step_8 AS (
        SELECT
            * REPLACE (
                std_place_state(place) AS place,
                std_unended(given, given_parted) AS given,
                std_unended(family, family_parted) AS family,
                CASE
                    WHEN len(native_aliases) > 0
                        THEN list_transform(native_aliases, lambda alias: CASE WHEN alias IS NOT NULL THEN concat_ws(' ', alias.given, alias.surname) END)
                END AS native_aliases,
                coalesce(generation, std_generation(family_parted), std_generation(given_parted)) AS generation
            )
        FROM step_7
    ),
    step_9 AS (
        SELECT
            * REPLACE (
                std_place_unit(place) AS place,
                CASE
                    WHEN len(native_aliases) > 0 THEN list_concat(aliases, list_transform(native_aliases, lambda alias: std_transliterated(alias)))
                    ELSE aliases
                END AS aliases,
                nullif(split_part(given, ' ', 1), '') AS given,
                CASE WHEN contains(given, ' ') THEN concat_ws(' ', substr(given, instr(given, ' ') + 1), middle) ELSE middle END AS middle
            )
        FROM step_8
    ),
    step_10 AS (
        SELECT
            * REPLACE (
                std_place_split(place) AS place,
                CASE WHEN native IS NULL THEN given ELSE std_transliterated(native.given) END AS given,
                CASE WHEN native IS NULL AND std_is_latin(middle) THEN middle WHEN native IS NOT NULL THEN std_transliterated(native.middle) END AS middle,
                CASE WHEN native IS NULL THEN family ELSE std_transliterated(native.surname) END AS family
            ),
            CASE WHEN native IS NOT NULL THEN concat_ws(' ', given, middle, family) END AS native_name
        FROM (
            SELECT
                *,
                CASE
                    WHEN std_is_latin(concat(given, family)) THEN NULL
                    WHEN in_parts THEN {'given': given, 'middle': middle, 'surname': family}
                    WHEN whole_comma THEN {'given': given, 'middle': middle, 'surname': family}
                    ELSE std_name_order(given, middle, family)
                END AS native
            FROM step_9
        )
    ),
    step_11 AS (
        SELECT
            * REPLACE (
                std_place_city(place) AS place
            ),
            std_sound_spelling(family) AS sound
        FROM step_10
    ),
    step_12 AS (
        SELECT
            * REPLACE (
                std_place_number(place) AS place
            ),
            std_sound_classes(sound) AS sound_classes
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
        seen.day AS seen_on,
        std_squeeze(CASE
            WHEN in_parts THEN concat_ws(' ', given_name, middle_name, surname, suffix)
            ELSE coalesce(
                "name"[1], other_name[1])
        END) AS "name",
        CASE WHEN is_given THEN family ELSE given END AS given_name,
        middle AS middle_name,
        CASE WHEN NOT is_given THEN family END AS surname,
        generation AS suffix,
        coalesce(root, given) AS given_root,
        CASE WHEN NOT is_given THEN std_surname_code(sound, sound_classes) END AS surname_code,
        CASE
            WHEN native_name IS NOT NULL OR len(aliases) > 0 THEN std_list(list_append(aliases, native_name))
        END AS other_names,
        birth.day AS birth_date, birth.other AS birth_date_alt, birth.year AS birth_year, coalesce(birth.bad, false) AS birth_is_bad,
        coalesce(seen.bad, false) AS seen_is_bad,
        std_sex(sex) AS sex, sex AS sex_written,
        social AS ssn, coalesce(right(social, 4), CASE WHEN ssn <> '' AND itin IS NULL THEN std_ssn_last4(ssn) END) AS ssn_last4,
        itin, ssn AS ssn_written,
        CASE
            WHEN passport_id IS NOT NULL OR licence_id IS NOT NULL OR national IS NOT NULL OR itin IS NOT NULL OR len(others) > 0
                THEN std_list(list_concat([passport_id, licence_id, national, itin], others))
        END AS identifiers,
        std_list(telephones) AS phones,
        std_list(mails) AS emails,
        std_address_clean(address_joined) AS address,
        coalesce(std_house_number(house_number), place.house_number) AS house_number,
        place.street AS street,
        coalesce(flat, place.unit) AS unit,
        coalesce(town, place.city) AS city,
        coalesce(state, place.region) AS region,
        coalesce(code, place.postcode) AS postcode,
        coalesce(nation, place.country) AS country,
        postcode AS postcode_written,
        CASE WHEN birth_place <> '' AND std_is_written(birth_place) THEN std_fold(birth_place) END AS birth_place,
        CASE WHEN occupation <> '' AND std_is_written(occupation) THEN std_fold(occupation) END AS occupation,
        coalesce(std_transliterated(workplace), workplace) AS employer,
        std_lost(telephones) + std_lost(mails) + std_lost(others)
            + CASE WHEN passport_id IS NULL AND passport <> '' THEN std_is_written(passport)::INTEGER ELSE 0 END + CASE WHEN licence_id IS NULL AND driver_licence <> '' THEN std_is_written(driver_licence)::INTEGER ELSE 0 END + CASE WHEN national IS NULL AND national_id <> '' THEN std_is_written(national_id)::INTEGER ELSE 0 END AS lost_in_lists
    -- A name of one word is a given name where it is a known one, else a surname.
    FROM (
        SELECT *, NOT in_parts AND given IS NULL AND native.given IS NULL AND family IS NOT NULL AND root IS NOT NULL AS is_given
        FROM step_15
        LEFT JOIN (SELECT "name" AS nickname, root FROM reference.nickname) AS nicknames
            ON nickname = CASE WHEN in_parts OR native.given IS NOT NULL THEN given ELSE coalesce(given, family) END
    )
)

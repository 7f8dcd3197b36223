-- One standardised row a person record of `mapped`, then `empty` (no identifying attribute) and `bad_values` (written but unusable).
-- Each attribute goes through its macros step by step, side by side: a step is evaluated once, what a macro repeats is a column.
SELECT
    dataset, "key", "role", agency, seen_on, "name", given_name, middle_name, surname, suffix, given_root, surname_code, other_names,
    birth_date, birth_date_alt, birth_year, sex, ssn, ssn_last4, identifiers, phones, emails,
    address, house_number, street, unit, city, region, postcode, country, birth_place, occupation, employer,
    -- Looked at one after the other: nearly every record has a name.
    CASE
        WHEN given_name IS NOT NULL OR surname IS NOT NULL THEN false
        ELSE other_names IS NULL AND birth_year IS NULL AND ssn_last4 IS NULL
            AND identifiers IS NULL AND phones IS NULL AND emails IS NULL AND street IS NULL AND postcode IS NULL
    END AS "empty",
    (
        birth_is_bad::INTEGER + seen_is_bad::INTEGER + lost_in_lists
        + CASE WHEN sex IS NULL AND sex_written <> '' AND lower(trim(sex_written)) NOT IN ('u', 'x', 'o', 'other') THEN std_is_written(sex_written)::INTEGER ELSE 0 END
        + CASE WHEN ssn_last4 IS NULL AND itin IS NULL AND ssn_written <> '' THEN std_is_written(ssn_written)::INTEGER ELSE 0 END
        + CASE WHEN postcode IS NULL AND postcode_written <> '' THEN std_is_written(postcode_written)::INTEGER ELSE 0 END
    )::SMALLINT AS bad_values
FROM (
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
            std_date_iso(seen_on, std_date_order(seen_order, country_default)) AS seen_plain,
            std_date_order(date_order, country_default) AS birth_reading,
            std_date_iso(birth_date, std_date_order(date_order, country_default)) AS birth_plain,
            CASE
                WHEN coalesce(trim(given_name), '') = '' AND coalesce(trim(surname), '') = '' THEN std_name_plain("name"[1])
            END AS whole_plain,
            CASE WHEN len(other_name) > 0 OR len("name") > 1 THEN list_concat(other_name, "name"[2:]) END AS told_aliases
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
    plain_2 AS (
        SELECT
            * REPLACE (
                std_phone_known(phone_1) AS phone_1,
                std_phone_known(phone_2) AS phone_2,
                std_date_plain(seen_plain, seen_on) AS seen_plain,
                std_date_plain(birth_plain, birth_date) AS birth_plain
            ),
            std_place_plain(place_told, place_is_line, place_number_known) AS place_low,
            std_name_plain_given(whole_plain) AS whole_given,
            std_name_plain_surname(whole_plain) AS whole_surname,
            std_name_plain(told_aliases[1]) AS alias_plain
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
            CASE WHEN birth_plain IS NULL AND birth_date <> '' THEN std_date_text(birth_date) END AS birth,
            coalesce(trim(given_name), '') <> '' OR coalesce(trim(surname), '') <> '' AS in_parts,
            std_fold(given_name) AS given,
            CASE WHEN middle_name <> '' THEN std_fold(middle_name) END AS middle,
            std_fold(surname) AS family,
            std_suffix(suffix) AS generation,
            CASE
                WHEN whole_plain IS NULL AND coalesce(trim(given_name), '') = '' AND coalesce(trim(surname), '') = ''
                    THEN CASE WHEN std_is_written("name"[1]) THEN std_name_text("name"[1]) END
            END AS whole_name,
            CASE
                WHEN len(told_aliases) > 1 OR alias_plain IS NULL AND len(told_aliases) > 0
                    THEN list_filter(
                        CASE WHEN alias_plain IS NULL THEN told_aliases ELSE told_aliases[2:] END, lambda alias: std_is_written(alias))
            END AS aliases,
            CASE WHEN ssn <> '' THEN std_plain_number(ssn) END AS ssn_digits,
            CASE WHEN passport <> '' AND std_is_written(passport) THEN std_identifier_parts(passport) END AS passport_id,
            CASE WHEN driver_licence <> '' AND std_is_written(driver_licence) THEN std_identifier_parts(driver_licence) END AS licence_id,
            CASE WHEN national_id <> '' AND std_is_written(national_id) THEN std_identifier_parts(national_id) END AS national,
            CASE WHEN len(identifier) > 0 THEN list_filter(identifier, lambda one_other: std_is_written(one_other)) END AS others
        FROM plain_6
    ),
    step_2 AS (
        SELECT
            * REPLACE (
                CASE WHEN place IS NOT NULL THEN std_place_tail(place, place_is_line, place_number_known) END AS place,
                CASE WHEN seen IS NOT NULL THEN std_date_shape(seen, seen_reading) END AS seen,
                CASE WHEN birth IS NOT NULL THEN std_date_shape(birth, birth_reading) END AS birth,
                CASE WHEN len(telephones) > 0 THEN list_transform(telephones, lambda one_phone: std_phone_text(one_phone)) END AS telephones,
                CASE WHEN len(mails) > 0 THEN list_transform(mails, lambda one_mail: std_email(one_mail)) END AS mails,
                CASE WHEN len(others) > 0 THEN list_transform(others, lambda one_other: std_identifier_parts(one_other)) END AS others,
                CASE WHEN len(aliases) > 0 THEN list_transform(aliases, lambda alias: std_name_text(alias)) END AS aliases,
                CASE WHEN whole_name IS NOT NULL THEN std_name_parted(std_joined(whole_name)) END AS whole_name,
                std_identifier('passport', passport_id) AS passport_id,
                std_identifier('driver_licence', licence_id) AS licence_id,
                std_identifier('national_id', national) AS national,
                std_unit(flat) AS flat,
                std_city(town) AS town,
                std_region(state) AS state,
                std_postcode(code) AS code,
                std_country(nation) AS nation,
                CASE WHEN contains(given, ' ') THEN std_untitled(std_known('name', given)) ELSE std_known('name', given) END AS given,
                CASE WHEN NOT std_is_placeholder('middle', middle) AND NOT std_is_placeholder('name', middle) THEN middle END AS middle,
                std_known('name', family) AS family
            ),
            std_email(mail_told) AS mail,
            CASE WHEN employer <> '' AND std_is_written(employer) THEN std_org_text(employer) END AS workplace,
            std_ssn(ssn_digits) AS social,
            'itin::' || std_itin(ssn_digits) AS itin
        FROM step_1
    ),
    step_3 AS (
        SELECT
            * REPLACE (
                CASE WHEN place IS NOT NULL THEN std_place_country(place) END AS place,
                CASE WHEN seen IS NOT NULL THEN std_date_fields(seen) END AS seen,
                CASE WHEN birth IS NOT NULL THEN std_date_fields(birth) END AS birth,
                CASE WHEN len(telephones) > 0 THEN list_transform(telephones, lambda one_phone: std_phone_digits(one_phone)) END AS telephones,
                std_known('email', mail) AS mail,
                CASE WHEN len(mails) > 0 THEN list_transform(mails, lambda one_mail: std_known('email', one_mail)) END AS mails,
                CASE WHEN len(others) > 0 THEN list_transform(others, lambda one_other: std_identifier('id', one_other)) END AS others,
                CASE WHEN len(aliases) > 0 THEN list_transform(aliases, lambda alias: std_name_parted(std_joined(alias))) END AS aliases,
                CASE WHEN whole_name IS NOT NULL THEN std_name_bare(whole_name) END AS whole_name,
                std_joined(given) AS given,
                std_joined(family) AS family
            )
        FROM step_2
    ),
    step_4 AS (
        SELECT
            * REPLACE (
                CASE WHEN place IS NOT NULL THEN std_place_code(place) END AS place,
                CASE WHEN seen IS NOT NULL THEN std_date_texts(seen) END AS seen,
                CASE WHEN birth IS NOT NULL THEN std_date_texts(birth) END AS birth,
                CASE WHEN len(telephones) > 0 THEN list_transform(telephones, lambda one_phone: std_phone_national(one_phone, home_country)) END AS telephones,
                CASE WHEN len(aliases) > 0 THEN list_transform(aliases, lambda alias: std_name_bare(alias)) END AS aliases,
                CASE WHEN whole_name IS NOT NULL THEN std_name_fields(whole_name) END AS whole_name
            )
        FROM step_3
    ),
    step_5 AS (
        SELECT
            * REPLACE (
                CASE WHEN place IS NOT NULL THEN std_place_code_city(place) END AS place,
                CASE WHEN seen IS NOT NULL THEN std_date_days(seen) END AS seen,
                CASE WHEN birth IS NOT NULL THEN std_date_days(birth) END AS birth,
                CASE WHEN len(telephones) > 0 THEN list_transform(telephones, lambda one_phone: std_phone(one_phone, home_country)) END AS telephones,
                CASE WHEN len(aliases) > 0 THEN list_transform(aliases, lambda alias: std_name_fields(alias)) END AS aliases,
                CASE WHEN whole_name IS NOT NULL THEN std_name(whole_name) END AS whole_name
            )
        FROM step_4
    ),
    step_6 AS (
        SELECT
            * REPLACE (
                CASE WHEN place IS NOT NULL THEN std_place_again(place) END AS place,
                CASE WHEN seen IS NOT NULL THEN std_date_choice(seen) END AS seen,
                CASE WHEN birth IS NOT NULL THEN std_date_choice(birth) END AS birth,
                CASE WHEN len(aliases) > 0 THEN list_transform(aliases, lambda alias: std_name(alias)) END AS aliases,
                CASE WHEN in_parts THEN given ELSE std_known('name', coalesce(whole_given, whole_name.given)) END AS given,
                CASE WHEN in_parts THEN middle ELSE std_known('middle', coalesce(std_name_plain_middle(whole_plain, whole_given, whole_surname), whole_name.middle)) END AS middle,
                CASE WHEN in_parts THEN family ELSE std_known('name', coalesce(whole_surname, whole_name.surname)) END AS family,
                CASE WHEN generation IS NULL AND NOT in_parts THEN whole_name.suffix ELSE generation END AS generation
            )
        FROM step_5
    ),
    step_7 AS (
        SELECT
            * REPLACE (
                CASE WHEN place IS NOT NULL THEN std_place_region(place) END AS place,
                CASE WHEN seen IS NOT NULL THEN std_date(seen) END AS seen,
                CASE WHEN birth IS NOT NULL THEN std_date(birth) END AS birth,
                CASE WHEN len(aliases) > 0 THEN list_transform(aliases, lambda alias: std_other_name(alias)) END AS aliases
            ),
            CASE WHEN len(aliases) > 0 THEN list_transform(aliases, lambda alias: std_other_order(alias)) END AS native_aliases,
            CASE WHEN in_parts AND NOT ends_with(given, ' v') THEN std_endings(given) END AS given_parted,
            CASE WHEN in_parts THEN std_endings(family) END AS family_parted,
            coalesce(contains("name"[1], ','), false) AS whole_comma,
            std_known('name', std_name_plain_given(alias_plain) || ' ' || std_name_plain_surname(alias_plain)) AS alias_known
        FROM step_6
    ),
    step_8 AS (
        SELECT
            * REPLACE (
                CASE WHEN place IS NOT NULL THEN std_place_state(place) END AS place,
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
                CASE WHEN place IS NOT NULL THEN std_place_unit(place) END AS place,
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
                CASE WHEN place IS NOT NULL THEN std_place_split(place) END AS place,
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
                CASE WHEN place IS NOT NULL THEN std_place_city(place) END AS place
            ),
            std_sound_spelling(family) AS sound
        FROM step_10
    ),
    step_12 AS (
        SELECT
            * REPLACE (
                CASE WHEN place IS NOT NULL THEN std_place_number(place) END AS place
            ),
            std_sound_classes(sound) AS sound_classes
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
        coalesce(CAST(seen_plain AS DATE), seen.day) AS seen_on,
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
        std_list(alias_list) AS other_names,
        coalesce(CAST(birth_plain AS DATE), birth.day) AS birth_date, birth.other AS birth_date_alt, coalesce(CAST(left(birth_plain, 4) AS SMALLINT), birth.year) AS birth_year, coalesce(birth.bad, false) AS birth_is_bad,
        coalesce(seen.bad, false) AS seen_is_bad,
        std_sex(sex) AS sex, sex AS sex_written,
        social AS ssn, coalesce(right(social, 4), CASE WHEN ssn <> '' AND itin IS NULL THEN std_ssn_last4(ssn) END) AS ssn_last4,
        itin, ssn AS ssn_written,
        std_list(identifier_list) AS identifiers,
        CASE WHEN phone_list IS NULL THEN std_pair(phone_1, phone_2) ELSE std_list(phone_list) END AS phones,
        CASE WHEN mail IS NULL THEN std_list(mails) ELSE [mail] END AS emails,
        std_squeeze(address_clean) AS address,
        coalesce(std_house_number(house_number), CASE WHEN place_is_plain THEN CASE WHEN place_road < ':' THEN split_part(place_road, ' ', 1) END ELSE place.house_number END) AS house_number,
        CASE WHEN place_is_plain THEN std_street(place_street) ELSE place.street END AS street,
        coalesce(flat, CASE WHEN NOT place_is_plain THEN place.unit WHEN place_flat <> '' THEN regexp_extract(place_flat, '[0-9]+[a-z]?$') END) AS unit,
        coalesce(town, CASE WHEN place_is_plain THEN std_city(place_city) ELSE place.city END) AS city,
        coalesce(state, CASE WHEN place_is_plain THEN getvariable('std_regions')[right(place_town, 2)] ELSE place.region END) AS region,
        coalesce(code, CASE WHEN NOT place_is_plain THEN place.postcode WHEN place_code <> '' THEN std_known('postcode', place_code) END) AS postcode,
        coalesce(nation, CASE WHEN NOT place_is_plain THEN place.country WHEN ends_with(place_tail, ', usa') THEN 'us' END) AS country,
        postcode AS postcode_written,
        CASE WHEN birth_place <> '' AND std_is_written(birth_place) THEN std_fold(birth_place) END AS birth_place,
        CASE WHEN occupation <> '' AND std_is_written(occupation) THEN std_fold(occupation) END AS occupation,
        coalesce(std_transliterated(workplace), workplace) AS employer,
        std_lost(telephones) + (mail_told IS NOT NULL AND mail IS NULL)::INTEGER + std_lost(mails) + std_lost(others)
            + CASE WHEN passport_id IS NULL AND passport <> '' THEN std_is_written(passport)::INTEGER ELSE 0 END + CASE WHEN licence_id IS NULL AND driver_licence <> '' THEN std_is_written(driver_licence)::INTEGER ELSE 0 END + CASE WHEN national IS NULL AND national_id <> '' THEN std_is_written(national_id)::INTEGER ELSE 0 END AS lost_in_lists
    FROM (
        SELECT
            *,
            std_address_clean(address_joined) AS address_clean,
            CASE WHEN len(telephones) > 0 THEN list_concat([phone_1, phone_2], telephones) END AS phone_list,
            CASE
                WHEN len(others) > 0 OR (passport_id IS NOT NULL)::INTEGER + (licence_id IS NOT NULL)::INTEGER + (national IS NOT NULL)::INTEGER > 1
                    THEN list_concat([passport_id, licence_id, national, itin], others)
                WHEN passport_id IS NOT NULL OR licence_id IS NOT NULL OR national IS NOT NULL
                    THEN CASE
                        WHEN itin IS NULL THEN [coalesce(passport_id, licence_id, national)]
                        ELSE [coalesce(passport_id, licence_id, national), itin]
                    END
                WHEN itin IS NOT NULL THEN [itin]
            END AS identifier_list,
            CASE
                WHEN native_name IS NOT NULL OR len(aliases) > 0 THEN list_concat(aliases, [alias_known, native_name])
                WHEN alias_known IS NOT NULL THEN [alias_known]
            END AS alias_list,
            NOT in_parts AND given IS NULL AND native.given IS NULL AND family IS NOT NULL AND root IS NOT NULL AS is_given
        FROM step_15
        -- A name of one word is a given name where it is a known one, else a surname.
        LEFT JOIN (SELECT "name" AS nickname, root FROM reference.nickname) AS nicknames
            ON nickname = CASE WHEN in_parts OR native.given IS NOT NULL THEN given ELSE coalesce(given, family) END
    )
)

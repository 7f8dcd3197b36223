-- One standardised row a person record of `mapped`, then `empty` (no identifying attribute) and `bad_values` (written but unusable).
SELECT
    dataset, "key", "role", agency, seen_on, "name", given_name, middle_name, surname, suffix, given_root, surname_code, other_names,
    birth_date, birth_date_alt, birth_year, sex, ssn, ssn_last4, identifiers, phones, emails,
    address, house_number, street, unit, city, region, postcode, country, birth_place, occupation, employer,
    given_name IS NULL AND surname IS NULL AND other_names IS NULL AND birth_year IS NULL AND ssn_last4 IS NULL AND identifiers IS NULL
        AND phones IS NULL AND emails IS NULL AND street IS NULL AND postcode IS NULL AS "empty",
    bad_values::SMALLINT AS bad_values
FROM (
    WITH
    -- Every attribute read once from what was written.
    reading AS (
        SELECT
            dataset, "key", "role", agency, seen_on AS seen_written,
            list_filter("name", lambda full_name: trim(full_name) <> '') AS names_written,
            given_name AS given_written, middle_name AS middle_written, surname AS surname_written, suffix AS suffix_written,
            std_untitled(std_name_part(given_name)) AS given_read,
            CASE WHEN middle_name <> '' THEN std_name_part(middle_name) END AS middle_read,
            std_name_ending(std_name_part(surname)) AS surname_read,
            std_suffix(suffix) AS suffix_read,
            list_filter(list_transform(other_name, lambda alias: std_full_name(alias)), lambda alias_read: alias_read IS NOT NULL) AS aliases,
            std_date(birth_date, CASE
                WHEN coalesce(date_order, 'auto') <> 'auto' THEN date_order
                WHEN coalesce(country_default, 'us') = 'us' THEN 'auto'
                ELSE 'auto_dmy'
            END) AS birth,
            CASE WHEN seen_on <> '' THEN std_date(seen_on, CASE
                WHEN coalesce(seen_order, 'auto') <> 'auto' THEN seen_order
                WHEN coalesce(country_default, 'us') = 'us' THEN 'auto'
                ELSE 'auto_dmy'
            END) END AS seen,
            std_sex(sex) AS sex, sex AS sex_written,
            std_ssn(ssn) AS ssn, ssn AS ssn_written,
            passport, driver_licence, national_id, identifier, phone, email,
            coalesce(lower(country_default), 'us') AS country_default,
            address AS address_written, house_number AS house_written, street AS street_written, unit AS unit_written,
            po_box AS po_box_written, city AS city_written, region AS region_written, postcode AS postcode_written, country AS country_written,
            CASE
                WHEN contains(street, ',') THEN street
                WHEN address <> '' AND coalesce(trim(street), '') = '' THEN address
            END AS line,
            CASE WHEN birth_place <> '' AND std_is_written(birth_place) THEN std_city(birth_place) END AS birth_place,
            CASE WHEN occupation <> '' AND std_is_written(occupation) THEN std_fold(occupation) END AS occupation,
            CASE WHEN employer <> '' AND std_is_written(employer) THEN std_org_text(employer) END AS employer
        FROM mapped
    ),
    -- What needs a second look at what was read: names in several words, places, lists.
    parting AS (
        SELECT
            *,
            std_name_ending(given_read) AS given_parted,
            CASE WHEN len(names_written) > 0 THEN std_person_name(names_written[1]) END AS full_read,
            CASE WHEN len(names_written) > 1
                THEN list_filter(list_transform(names_written[2:], lambda more: std_full_name(more)), lambda more_read: more_read IS NOT NULL)
            END AS more_names,
            CASE WHEN ssn IS NULL AND ssn_written <> '' THEN std_ssn_last4(ssn_written) ELSE right(ssn, 4) END AS ssn_last4,
            CASE WHEN ssn IS NULL AND ssn_written <> '' THEN 'itin::' || std_itin(ssn_written) END AS itin,
            std_identifier('passport', passport) AS passport_read,
            std_identifier('driver_licence', driver_licence) AS licence_read,
            std_identifier('national_id', national_id) AS national_read,
            list_transform(identifier, lambda other_id: std_identifier('id', other_id)) AS identifiers_read,
            list_transform(phone, lambda one_phone: std_phone(one_phone, country_default)) AS phones_read,
            list_transform(email, lambda one_email: std_email(one_email)) AS emails_read,
            CASE
                WHEN line IS NOT NULL AND std_is_written(line) AND NOT std_is_placeholder('address', std_fold(line)) THEN std_address(line)
            END AS place,
            CASE
                WHEN line IS NULL AND street_written <> '' AND NOT std_is_placeholder('address', std_fold(street_written))
                    THEN std_street_parts(street_written, coalesce(trim(house_written), '') <> '')
            END AS way,
            CASE WHEN po_box_written <> '' THEN std_street_parts('po box ' || regexp_replace(lower(po_box_written), '^[^0-9]+', ''), false) END AS box,
            std_house_number(house_written) AS house_read,
            CASE WHEN unit_written <> '' AND std_is_written(unit_written) THEN std_unit(unit_written) END AS unit_read,
            std_city(city_written) AS city_read,
            CASE WHEN region_written <> '' AND std_is_written(region_written) THEN std_region(region_written) END AS region_read,
            std_postcode(postcode_written) AS postcode_read,
            CASE WHEN country_written <> '' AND std_is_written(country_written) THEN std_country(country_written) END AS country_read
        FROM reading
    ),
    -- One choice among the parts and the full name; names in other scripts go to the other names.
    choosing AS (
        SELECT
            *,
            CASE WHEN in_parts THEN nullif(split_part(given_parted.name, ' ', 1), '') ELSE full_read.given END AS given_chosen,
            CASE
                WHEN NOT in_parts THEN full_read.middle
                WHEN contains(given_parted.name, ' ')
                    THEN concat_ws(' ', substr(given_parted.name, instr(given_parted.name, ' ') + 1), middle_read)
                ELSE middle_read
            END AS middle_chosen,
            CASE WHEN in_parts THEN surname_read.name ELSE full_read.surname END AS surname_chosen,
            coalesce(suffix_read, CASE WHEN in_parts THEN coalesce(surname_read.suffix, given_parted.suffix) ELSE full_read.suffix END) AS suffix
        FROM (SELECT *, given_read IS NOT NULL OR surname_read.name IS NOT NULL AS in_parts FROM parting)
    ),
    chosen AS (
        SELECT
            *,
            CASE WHEN NOT std_is_placeholder('middle', middle_chosen) AND std_is_latin(middle_chosen) THEN middle_chosen END AS middle_name,
            CASE WHEN std_is_latin(given_chosen) THEN given_chosen END AS given_name,
            CASE WHEN std_is_latin(surname_chosen) THEN surname_chosen END AS surname,
            CASE
                WHEN std_is_latin(given_chosen) IS NOT DISTINCT FROM false OR std_is_latin(surname_chosen) IS NOT DISTINCT FROM false
                    THEN concat_ws(' ', given_chosen, middle_chosen, surname_chosen)
            END AS native_name
        FROM choosing
    )
    SELECT
        dataset, "key", "role", agency,
        seen.day AS seen_on,
        CASE
            WHEN in_parts THEN std_squeeze(concat_ws(' ', given_written, middle_written, surname_written, suffix_written))
            ELSE std_squeeze(coalesce(names_written[1], list_filter([native_name], lambda native: native IS NOT NULL)[1]))
        END AS "name",
        given_name, middle_name, surname, suffix,
        coalesce(nickname.root, given_name) AS given_root,
        std_surname_code(surname) AS surname_code,
        CASE
            WHEN native_name IS NOT NULL OR len(aliases) > 0 OR len(more_names) > 0
                THEN std_list(list_concat(coalesce(aliases, []), coalesce(more_names, []), [native_name]))
        END AS other_names,
        birth.day AS birth_date, birth.other AS birth_date_alt, birth.year AS birth_year,
        sex, ssn, ssn_last4,
        CASE
            WHEN passport_read IS NOT NULL OR licence_read IS NOT NULL OR national_read IS NOT NULL OR itin IS NOT NULL
                OR len(identifiers_read) > 0
                THEN std_list(list_concat([passport_read, licence_read, national_read, itin], coalesce(identifiers_read, [])))
        END AS identifiers,
        std_list(phones_read) AS phones,
        std_list(emails_read) AS emails,
        std_squeeze(coalesce(
            nullif(trim(address_written), ''),
            concat_ws(', ',
                nullif(concat_ws(' ', nullif(trim(house_written), ''), nullif(trim(street_written), ''), nullif(trim(unit_written), '')), ''),
                'PO Box ' || nullif(trim(po_box_written), ''),
                nullif(trim(city_written), ''),
                nullif(concat_ws(' ', nullif(trim(region_written), ''), nullif(trim(postcode_written), '')), ''),
                nullif(trim(country_written), ''))
        )) AS address,
        coalesce(house_read, place.house_number, way.house_number, CASE WHEN place IS NULL AND way IS NULL THEN box.house_number END) AS house_number,
        coalesce(place.street, way.street, box.street) AS street,
        coalesce(unit_read, place.unit, way.unit) AS unit,
        coalesce(city_read, place.city) AS city,
        coalesce(region_read, place.region) AS region,
        coalesce(postcode_read, place.postcode) AS postcode,
        coalesce(country_read, place.country) AS country,
        birth_place, occupation, employer,
        coalesce(birth.bad, false)::INTEGER + coalesce(seen.bad, false)::INTEGER
            + (sex IS NULL AND sex_written <> '' AND std_is_written(sex_written) AND lower(trim(sex_written)) NOT IN ('u', 'o', 'other'))::INTEGER
            + (ssn_last4 IS NULL AND itin IS NULL AND ssn_written <> '' AND std_is_written(ssn_written))::INTEGER
            + (passport_read IS NULL AND passport <> '' AND std_is_written(passport))::INTEGER
            + (licence_read IS NULL AND driver_licence <> '' AND std_is_written(driver_licence))::INTEGER
            + (national_read IS NULL AND national_id <> '' AND std_is_written(national_id))::INTEGER
            + (postcode_read IS NULL AND postcode_written <> '' AND std_is_written(postcode_written))::INTEGER
            + CASE WHEN len(list_filter(identifiers_read, lambda id_read: id_read IS NULL)) > 0
                THEN len(list_filter(identifier, lambda id_raw: std_is_written(id_raw) AND std_identifier('id', id_raw) IS NULL)) ELSE 0 END
            + CASE WHEN len(list_filter(phones_read, lambda phone_read: phone_read IS NULL)) > 0
                THEN len(list_filter(phone, lambda phone_raw: std_is_written(phone_raw) AND std_phone(phone_raw, country_default) IS NULL)) ELSE 0 END
            + CASE WHEN len(list_filter(emails_read, lambda email_read: email_read IS NULL)) > 0
                THEN len(list_filter(email, lambda email_raw: std_is_written(email_raw) AND std_email(email_raw) IS NULL)) ELSE 0 END
            AS bad_values
    FROM chosen
    LEFT JOIN reference.nickname AS nickname ON nickname."name" = chosen.given_name
)

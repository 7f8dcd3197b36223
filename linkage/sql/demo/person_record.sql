-- One row a person record: the values as they will be visible, before each dataset writes them its own way.
WITH placed AS (
    SELECT
        row, dataset, key, t, person,
        greatest(0, t - CASE WHEN demo.chance(row, 'r.stale', demo.rate_stale()) THEN demo.u(row, 'r.lag') ELSE 0 END) AS since
    FROM demo.data_row
    WHERE person IS NOT NULL
),
housed AS (
    SELECT
        *,
        demo.home(person, since) AS home,
        person * 2 + CASE
            WHEN demo.chance(person, 'p.new phone', demo.rate_changed_phone()) AND since > demo.u(person, 'p.new phone since') THEN 1
            ELSE 0 END AS mobile,
        demo.birth_date(person) AS born,
        demo.sex(person) AS sex,
        demo.name_key(person) AS name_key,
        demo.surname_key(person, t) AS surname_key,
        demo.birth_surname_key(person) AS maiden_key,
        demo.employer(person) AS works_at
    FROM placed
),
keyed AS (
    SELECT
        *,
        demo.building(person, home) AS building,
        demo.city(person, home) AS city_bucket,
        demo.first_city(person) AS first_city_bucket,
        demo.seat_city(works_at) AS work_city_bucket,
        demo.pick(name_key, 'n.given', 16384) AS given_bucket,
        demo.pick(name_key, 'n.middle', 16384) AS middle_bucket,
        demo.pick(surname_key, 'n.surname', 65536) AS surname_bucket,
        demo.pick(maiden_key, 'n.surname', 65536) AS maiden_bucket
    FROM housed
),
placed_streets AS (
    SELECT *, demo.pick(building, 'h.street', 4096) AS street_bucket FROM keyed
),
looked_up AS (
    SELECT
        k.row, k.dataset, k.key, k.t, person, home, mobile, born, works_at, k.sex,
        given.name AS given, given.nicknames, second.name AS middle,
        coalesce(surname.name, demo.rare_surname(demo.draw(surname_key, 'n.rare'))) AS surname,
        coalesce(maiden.name, demo.rare_surname(demo.draw(maiden_key, 'n.rare'))) AS maiden,
        first_city.region AS first_region, first_city.city AS first_city, first_city.area_code AS first_area, city.city, city.region,
        demo.postcode(city.zip_prefix, building) AS postcode,
        city.area_code, work_city.area_code AS work_area,
        demo.house_number(building) AS house_number,
        demo.side(building) || street.street || ' ' || demo.street_kind(building) AS street,
        CASE
            WHEN demo.in_tower(home) OR demo.chance(home, 'h.flat', 0.2)
                THEN (1 + demo.pick(home, 'h.unit', 40))::VARCHAR || ['A', 'B', 'C', ''][1 + demo.pick(home, 'h.letter', 4)]
        END AS unit
    FROM placed_streets AS k
    LEFT JOIN demo.given_name AS given ON given.sex = k.sex AND given.bucket = given_bucket
    LEFT JOIN demo.given_name AS second ON second.sex = k.sex AND second.bucket = middle_bucket
    LEFT JOIN demo.surname AS surname ON surname.bucket = surname_bucket
    LEFT JOIN demo.surname AS maiden ON maiden.bucket = maiden_bucket
    LEFT JOIN demo.city AS first_city ON first_city.bucket = first_city_bucket
    LEFT JOIN demo.city AS city ON city.bucket = city_bucket
    LEFT JOIN demo.city AS work_city ON work_city.bucket = work_city_bucket
    LEFT JOIN demo.street AS street ON street.bucket = street_bucket
),
written AS (
    SELECT
        looked_up.*, habit.* EXCLUDE (dataset),
        CASE
            WHEN demo.chance(row, 'v.given as middle', demo.rate_middle_as_given()) THEN middle
            WHEN demo.gone(row, 'v.initial', habit.initial) THEN left(given, 1)
            WHEN nicknames IS NOT NULL AND demo.chance(row, 'v.nickname', demo.rate_nickname())
                THEN nicknames[1 + demo.pick(row, 'v.which', len(nicknames))]
            WHEN demo.fails(row, 'v.given', demo.rate_name_typo(), typing) THEN demo.typo(given, demo.draw(row, 'v.given how'))
            ELSE given
        END AS given_written,
        CASE
            WHEN demo.gone(row, 'v.middle', habit.no_middle) OR demo.chance(person, 'p.no middle', 0.15) THEN NULL
            WHEN demo.chance(row, 'v.middle initial', habit.middle_initial) THEN left(middle, 1)
            WHEN demo.fails(row, 'v.middle typo', demo.rate_name_typo(), typing) THEN demo.typo(middle, demo.draw(row, 'v.middle how'))
            ELSE middle
        END AS middle_written,
        CASE
            WHEN demo.fails(row, 'v.surname', demo.rate_name_typo(), typing) THEN demo.typo(surname, demo.draw(row, 'v.surname how'))
            ELSE surname
        END AS surname_written,
        demo.fails(row, 'v.swap', demo.rate_name_swap(), typing) AS swapped,
        demo.fails(row, 'v.address', demo.rate_address_error(), typing) AS address_wrong,
        demo.pick(row, 'v.address how', 4) AS address_how,
        demo.u(row, 'v.phone kind') AS phone_kind
    FROM looked_up JOIN demo.habit AS habit USING (dataset)
),
phoned AS (
    SELECT
        *,
        CASE
            WHEN demo.chance(row, 'v.phone filler', demo.rate_placeholder()) THEN demo.placeholder_phone(demo.draw(row, 'v.phone which'))
            WHEN phone_kind < demo.rate_shared_phone() THEN demo.phone(area_code, demo.draw(home, 'h.phone'))
            WHEN phone_kind < demo.rate_shared_phone() + demo.rate_work_phone()
                THEN demo.phone(work_area, demo.draw(demo.seat(works_at, t), 'b.phone'))
            ELSE demo.phone(first_area, demo.draw(mobile, 'p.phone'))
        END AS phone_true,
        CASE
            WHEN demo.chance(row, 'v.second phone', 0.5) THEN demo.phone(area_code, demo.draw(home, 'h.phone'))
            ELSE demo.phone(first_area, demo.draw(mobile, 'p.phone'))
        END AS phone2_true,
        CASE
            WHEN demo.chance(row, 'v.ssn filler', demo.rate_placeholder()) THEN demo.placeholder_ssn(demo.draw(row, 'v.ssn which'))
            WHEN demo.chance(row, 'v.ssn kin', demo.rate_shared_ssn()) THEN demo.ssn(demo.relative(person))
            ELSE demo.ssn(demo.ssn_owner(person))
        END AS ssn_true
    FROM written
)
SELECT
    row, dataset, key, t, person,
    CASE WHEN swapped THEN surname_written ELSE given_written END AS given_name,
    middle_written AS middle_name,
    CASE WHEN swapped THEN given_written ELSE surname_written END AS surname,
    CASE
        WHEN demo.chance(row, 'v.suffix', demo.rate_suffix_missing()) THEN NULL
        WHEN demo.is_junior(person) THEN 'Jr'
        WHEN demo.place(person) = 0 AND demo.has_junior(person // 8) THEN 'Sr'
    END AS suffix,
    CASE
        WHEN dataset <> 'dea_roi' OR demo.u(row, 'v.alias') >= demo.rate_alias() THEN NULL
        WHEN demo.changes_surname(person) AND maiden <> surname THEN given || ' ' || maiden
        WHEN nicknames IS NOT NULL THEN nicknames[1 + demo.pick(row, 'v.alias which', len(nicknames))] || ' ' || surname
    END AS alias,
    CASE
        WHEN demo.gone(row, 'v.no birth date', no_birth_date) THEN NULL
        WHEN demo.fails(row, 'v.birth date', demo.rate_date_error(), typing)
            THEN demo.wrong_date(born, demo.draw(row, 'v.birth date how'))::DATE
        ELSE born
    END::DATE AS birth_date,
    CASE WHEN demo.gone(row, 'v.no sex', no_sex) THEN NULL ELSE sex END AS sex,
    CASE
        WHEN demo.gone(row, 'v.no ssn', no_ssn) THEN NULL
        WHEN demo.chance(row, 'v.masked ssn', ssn_masked) THEN 'XXXXX' || right(ssn_true, 4)
        WHEN demo.fails(row, 'v.ssn', demo.rate_identifier_error(), typing) THEN demo.wrong_digit(ssn_true, demo.draw(row, 'v.ssn how'))
        ELSE ssn_true
    END AS ssn,
    CASE
        WHEN demo.gone(row, 'v.no licence', no_licence) THEN NULL
        WHEN demo.fails(row, 'v.licence', demo.rate_identifier_error(), typing)
            THEN first_region || demo.wrong_digit(lpad(demo.pick(person, 'p.licence', 100000000)::VARCHAR, 8, '0'), demo.draw(row, 'v.licence how'))
        ELSE first_region || lpad(demo.pick(person, 'p.licence', 100000000)::VARCHAR, 8, '0')
    END AS licence,
    CASE
        WHEN demo.gone(row, 'v.no passport', no_passport) THEN NULL
        WHEN demo.fails(row, 'v.passport', demo.rate_identifier_error(), typing)
            THEN 'A' || demo.wrong_digit(lpad(demo.pick(person, 'p.passport', 100000000)::VARCHAR, 8, '0'), demo.draw(row, 'v.passport how'))
        WHEN demo.chance(person, 'p.renews', 0.3) AND t > demo.u(person, 'p.renewed')
            THEN 'B' || lpad(demo.pick(person, 'p.passport again', 100000000)::VARCHAR, 8, '0')
        ELSE 'A' || lpad(demo.pick(person, 'p.passport', 100000000)::VARCHAR, 8, '0')
    END AS passport,
    CASE
        WHEN demo.gone(row, 'v.no phone', no_phone) THEN NULL
        WHEN demo.fails(row, 'v.phone', demo.rate_identifier_error(), typing) THEN demo.wrong_digit(phone_true, demo.draw(row, 'v.phone how'))
        ELSE phone_true
    END AS phone,
    CASE WHEN demo.gone(row, 'v.no phone2', no_phone2) OR phone2_true = phone_true THEN NULL ELSE phone2_true END AS phone2,
    CASE
        WHEN demo.gone(row, 'v.no email', no_email) THEN NULL
        ELSE lower(given || ['.', '_', ''][1 + demo.pick(person, 'p.mail dot', 3)] || maiden) || (10 + demo.pick(person, 'p.mail no', 90))::VARCHAR
            || '@' || ['mailbox.example', 'post.example', 'inbox.example', 'webmail.example'][1 + demo.pick(person, 'p.mail at', 4)]
    END AS email,
    CASE
        WHEN demo.gone(row, 'v.no address', no_address) THEN NULL
        WHEN address_wrong AND address_how = 0 THEN demo.wrong_digit(house_number, demo.draw(row, 'v.number how'))
        ELSE house_number
    END AS house_number,
    CASE
        WHEN demo.gone(row, 'v.no address', no_address) THEN NULL
        WHEN address_wrong AND address_how = 1 THEN demo.typo(street, demo.draw(row, 'v.street how'))
        WHEN address_wrong AND address_how = 2 THEN regexp_replace(street, ' [A-Za-z]+$', '')
        ELSE street
    END AS street,
    CASE WHEN demo.gone(row, 'v.no address', no_address) OR demo.chance(row, 'v.no unit', 0.3) THEN NULL ELSE unit END AS unit,
    CASE WHEN demo.gone(row, 'v.no address', no_address) THEN NULL ELSE city END AS city,
    CASE WHEN demo.gone(row, 'v.no address', no_address) THEN NULL ELSE region END AS region,
    CASE
        WHEN demo.gone(row, 'v.no address', no_address) OR demo.chance(row, 'v.no zip', 0.08) THEN NULL
        WHEN address_wrong AND address_how = 3 THEN demo.wrong_digit(postcode, demo.draw(row, 'v.zip how'))
        ELSE postcode
    END AS postcode,
    CASE
        WHEN demo.gone(row, 'v.no occupation', no_occupation) THEN NULL
        ELSE [
            'driver', 'sales', 'student', 'unemployed', 'manager', 'construction worker', 'retired', 'mechanic', 'clerk', 'nurse',
            'teacher', 'cook', 'security guard', 'self employed', 'engineer', 'accountant', 'welder', 'farmer', 'bartender', 'realtor'
        ][1 + demo.pick(person, CASE WHEN demo.chance(row, 'v.old job', 0.2) THEN 'p.job before' ELSE 'p.job' END, 20)]
    END AS occupation,
    CASE WHEN demo.gone(row, 'v.no employer', no_employer) THEN NULL ELSE works_at END AS employer,
    CASE WHEN demo.gone(row, 'v.no birth place', no_birth_place) THEN NULL ELSE first_city END AS birth_place
FROM phoned

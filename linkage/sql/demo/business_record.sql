-- One row a business record: the values as they will be visible, before each dataset writes them its own way.
WITH placed AS (
    SELECT
        row, dataset, key, t, business,
        greatest(0, t - CASE WHEN demo.chance(row, 'w.stale', demo.rate_stale()) THEN demo.u(row, 'w.lag') ELSE 0 END) AS since
    FROM demo.data_row
    WHERE business IS NOT NULL
),
looked_up AS (
    SELECT
        placed.row, placed.dataset, placed.key, placed.t, placed.business, demo.seat(placed.business, since) AS seat,
        written.name, written.trade, written.abbreviation, written.trading_name, written.website,
        demo.legal_form(placed.business) AS form, city.city, city.region, city.area_code,
        demo.postcode(city.zip_prefix, demo.seat(placed.business, since)) AS postcode,
        demo.house_number(demo.seat(placed.business, since)) AS house_number,
        demo.side(demo.seat(placed.business, since)) || street.street || ' ' || demo.street_kind(demo.seat(placed.business, since)) AS street,
        CASE
            WHEN demo.is_shell(placed.business) THEN '200'
            WHEN demo.chance(demo.seat(placed.business, since), 'b.suite', 0.3) THEN (100 + demo.pick(placed.business, 'b.unit', 400))::VARCHAR
        END AS unit,
        habit.typing,
        demo.u(placed.row, 'w.variant') AS variant
    FROM placed
    JOIN demo.business_name AS written ON written.business = placed.business
    JOIN demo.habit AS habit ON habit.dataset = placed.dataset
    LEFT JOIN demo.city AS city ON city.bucket = demo.seat_city(placed.business)
    LEFT JOIN demo.street AS street ON street.bucket = demo.pick(demo.seat(placed.business, since), 'h.street', 4096)
),
varied AS (
    SELECT
        *,
        demo.chance(row, 'w.trading', demo.rate_trading_name()) AS trades,
        CASE
            WHEN variant >= demo.rate_name_variant() THEN name
            WHEN demo.pick(row, 'w.how', 6) IN (0, 1) AND abbreviation IS NOT NULL THEN replace(name, trade, abbreviation)
            WHEN demo.pick(row, 'w.how', 6) = 2 THEN replace(name, '&', 'and')
            WHEN demo.pick(row, 'w.how', 6) = 3 THEN 'The ' || name
            ELSE demo.typo(name, demo.draw(row, 'w.typo'))
        END AS name_once,
        variant < demo.rate_name_variant() AND demo.pick(row, 'w.how', 6) = 5 AS twice_wrong,
        CASE
            WHEN demo.chance(row, 'w.no form', 0.25) THEN ''
            WHEN variant < demo.rate_name_variant() AND demo.chance(row, 'w.long form', 0.4) THEN
                CASE form WHEN 'LLC' THEN 'L.L.C.' WHEN 'Inc' THEN 'Incorporated' WHEN 'Corp' THEN 'Corporation'
                    WHEN 'Ltd' THEN 'Limited' WHEN 'Co' THEN 'Company' ELSE form END
            ELSE form
        END AS form_written,
        demo.fails(row, 'w.address', demo.rate_address_error(), typing) AS address_wrong,
        demo.pick(row, 'w.address how', 3) AS address_how,
        demo.phone(area_code, demo.draw(seat, 'b.phone')) AS phone_true
    FROM looked_up
)
SELECT
    row, dataset, key, t, business,
    CASE
        WHEN trades THEN trading_name
        WHEN twice_wrong THEN trim(demo.typo(name_once, demo.draw(row, 'w.typo again')) || ' ' || form_written)
        ELSE trim(name_once || ' ' || form_written)
    END || CASE WHEN demo.is_chain(business) AND demo.chance(row, 'w.store', 0.25) THEN ' #' || (1 + demo.pick(business, 'b.store', 400))::VARCHAR ELSE '' END AS name,
    CASE WHEN NOT trades AND dataset = 'fincen_reports' AND demo.chance(row, 'w.both names', 0.3) THEN trading_name END AS trading_name,
    CASE
        WHEN demo.gone(row, 'w.no ein', CASE dataset WHEN 'dea_roi' THEN 0.85 WHEN 'fbi_intercepts' THEN 1 WHEN 'ice_financial' THEN 0.5 ELSE 0.3 END) THEN NULL
        WHEN demo.fails(row, 'w.ein', demo.rate_identifier_error(), typing) THEN demo.wrong_digit(demo.ein(business), demo.draw(row, 'w.ein how'))
        ELSE demo.ein(business)
    END AS ein,
    CASE
        WHEN demo.gone(row, 'w.no phone', CASE dataset WHEN 'fbi_intercepts' THEN 0.03 ELSE 0.4 END) THEN NULL
        WHEN demo.chance(row, 'w.phone filler', demo.rate_placeholder()) THEN demo.placeholder_phone(demo.draw(row, 'w.phone which'))
        WHEN demo.fails(row, 'w.phone', demo.rate_identifier_error(), typing) THEN demo.wrong_digit(phone_true, demo.draw(row, 'w.phone how'))
        ELSE phone_true
    END AS phone,
    CASE WHEN dataset = 'fincen_reports' AND demo.u(row, 'w.site') < 0.6 THEN website END AS website,
    CASE
        WHEN demo.gone(row, 'w.no address', 0.15) THEN NULL
        WHEN address_wrong AND address_how = 0 THEN demo.wrong_digit(house_number, demo.draw(row, 'w.number how'))
        ELSE house_number
    END AS house_number,
    CASE
        WHEN demo.gone(row, 'w.no address', 0.15) THEN NULL
        WHEN address_wrong AND address_how = 1 THEN demo.typo(street, demo.draw(row, 'w.street how'))
        WHEN address_wrong AND address_how = 2 THEN regexp_replace(street, ' [A-Za-z]+$', '')
        ELSE street
    END AS street,
    CASE WHEN demo.gone(row, 'w.no address', 0.15) OR demo.chance(row, 'w.no unit', 0.3) THEN NULL ELSE unit END AS unit,
    CASE WHEN demo.gone(row, 'w.no city', 0.05) THEN NULL ELSE city END AS city,
    CASE WHEN demo.gone(row, 'w.no city', 0.05) THEN NULL ELSE region END AS region,
    CASE WHEN demo.gone(row, 'w.no address', 0.15) OR demo.chance(row, 'w.no zip', 0.08) THEN NULL ELSE postcode END AS postcode
FROM varied

-- The address as written: the line, or its parts in the usual order.
CREATE OR REPLACE TEMP MACRO std_address(line, house_number, street, unit, po_box, city, region, postcode, country) AS
    std_squeeze(CASE
        WHEN line <> '' AND trim(line) <> '' THEN line
        ELSE concat_ws(', ',
            nullif(trim(concat_ws(' ', trim(house_number), trim(street), trim(unit))), ''),
            CASE
                WHEN po_box = '' THEN NULL
                WHEN regexp_matches(po_box, '[a-zA-Z]{2}') THEN trim(po_box)
                ELSE 'PO Box ' || nullif(trim(po_box), '')
            END,
            nullif(trim(city), ''),
            nullif(trim(concat_ws(' ', trim(region), trim(postcode))), ''),
            nullif(trim(country), ''))
    END)

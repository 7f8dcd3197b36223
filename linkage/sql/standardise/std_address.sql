-- The address as written: the line, or its parts in the usual order.
CREATE OR REPLACE TEMP MACRO std_address(line, house_number, street, unit, po_box, city, region, postcode, country) AS
    CASE
        WHEN line <> '' AND trim(line) <> '' THEN line
        WHEN contains(street, ',') AND (city IS NULL OR contains(lower(street), lower(trim(city))))
            THEN concat_ws(' ', street, CASE WHEN city IS NULL THEN postcode END)
        ELSE concat_ws(', ',
            nullif(concat_ws(' ', house_number, street, unit), ''),
            CASE WHEN regexp_matches(po_box, '[a-zA-Z]{2}') THEN po_box ELSE 'PO Box ' || po_box END,
            city,
            nullif(concat_ws(' ', region, postcode), ''),
            country)
    END

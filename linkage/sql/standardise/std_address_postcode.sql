-- A prepared address line parted into the line without its postcode and the postcode (United States, United Kingdom, Canada, others).
CREATE OR REPLACE TEMP MACRO std_address_postcode(prepared) AS
    list_transform(
        [regexp_extract(
            prepared,
            '^(?:(.*?)[ ,])?([0-9]{5}(?:-[0-9]{4}|[0-9]{4})?|[a-z]{1,2}[0-9][a-z0-9]? ?[0-9][a-z]{2}|[a-z][0-9][a-z] ?[0-9][a-z][0-9]'
            || '|[a-z]{1,2}-[0-9]{4,5}|[0-9]{6})$', ['line', 'postcode'])],
        lambda postcode_3: CASE
            WHEN postcode_3.postcode <> '' AND postcode_3.line <> '' THEN postcode_3
            ELSE list_transform(
                [regexp_extract(prepared, '^(.*,)(?:[a-z]{1,2}-)?([0-9]{4,6}) (\p{L}[^,]*)$', ['line', 'postcode', 'city'])],
                lambda postcode_4: CASE
                    WHEN postcode_4.postcode <> '' THEN {'line': postcode_4.line || postcode_4.city, 'postcode': postcode_4.postcode}
                    ELSE {'line': prepared, 'postcode': ''}
                END
            )[1]
        END
    )[1]

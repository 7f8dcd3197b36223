-- A postcode folded without spaces; five digits of a ZIP code with four more; NULL for fillers.
CREATE OR REPLACE TEMP MACRO std_postcode(written) AS
    list_transform([std_alnum(written)], lambda postcode_1:
        list_transform([CASE WHEN regexp_matches(postcode_1, '^[0-9]{9}$') THEN left(postcode_1, 5) ELSE postcode_1 END], lambda postcode_2:
            CASE WHEN NOT std_is_placeholder('postcode', postcode_2) THEN left(postcode_2, 12) END
        )[1]
    )[1]

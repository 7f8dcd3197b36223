-- Whether what was taken for a city starts with another word that ends a street ("123 park place blvd").
CREATE OR REPLACE TEMP MACRO std_is_street_end(folded) AS
    coalesce(
        regexp_matches(
            folded, '(?:^|^.* )(?:blvd|boulevard|avenue|ave|road|rd|drive|dr|lane|ln|parkway|pkwy|street|st|court|ct|circle|cir)$'
            || '|^(?:blvd|boulevard|avenue|ave|road|rd|drive|dr|lane|ln|parkway|pkwy|street|court|circle) '),
        false)

-- Whether the parts of what std_place_plain gives are what they seem: no word for a flat or a box in street or city, no
-- country in the place of a state, and without a comma no state, country or city behind the street. NULL for NULL.
CREATE OR REPLACE TEMP MACRO std_place_is_plain(head, road, town, is_line) AS
    CASE
        WHEN regexp_matches(road, getvariable('std_place_word_pattern')) THEN false
        WHEN town IS NOT NULL
            THEN regexp_matches(town, getvariable('std_region_code_pattern')) AND NOT regexp_matches(town, getvariable('std_region_words_pattern'))
                AND NOT regexp_matches(left(town, strlen(town) - 2), getvariable('std_place_word_pattern'))
                AND CASE
                    WHEN contains(town, ',') THEN right(town, 2) NOT IN ('us', 'uk', 'gb')
                    ELSE getvariable('std_countries')[town] IS NULL
                END
        WHEN is_line
            THEN NOT regexp_matches(head, '(?:usa|u s a|states|america)$') AND NOT regexp_matches(head, getvariable('std_region_pattern'))
                AND NOT regexp_matches(
                    road,
                    ' (?:street|st|avenue|ave|av|road|rd|boulevard|blvd|drive|dr|lane|ln|court|ct|circle|cir|way|highway|hwy|parkway|pkwy'
                    || '|terrace|ter|trail|trl|place|pl)(?: (?:n|s|e|w|ne|nw|se|sw|north|south|east|west))? [a-z]{2}')
        ELSE road IS NOT NULL
    END

-- An address or street of the common forms of the United States in lower case ("12 n main st apt 5b, reno, nv 89501, usa"; a
-- street with or without its number); NULL for all others, which go through std_place_text and behind.
CREATE OR REPLACE TEMP MACRO std_place_plain(written, is_line, number_known) AS
    CASE
        WHEN strlen(written) <> length(written) THEN NULL
        WHEN is_line
            THEN CASE
                WHEN NOT number_known AND regexp_matches(
                    written,
                    '(?i)^[1-9][0-9]* [a-z]+(?: [a-z]+)*(?: (?:apt |unit |ste |suite |#)[0-9]{1,4}[a-z]?)?'
                    || '(?:, [a-z]+(?: [a-z]+)*,? [a-z]{2}(?: [0-9]{5})?(?:, usa)?)?$')
                    THEN lower(written)
            END
        WHEN regexp_matches(
            written, '(?i)^(?:[1-9][0-9]* )?[a-z]+(?: [a-z]+)*(?: (?:apt |unit |ste |suite |#)[0-9]{1,4}[a-z]?)?$')
            THEN CASE WHEN NOT number_known OR written > ':' THEN lower(written) END
    END

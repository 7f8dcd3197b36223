-- The plain words of one holder in lower case, a comma as a space; NULL where a word is a title, suffix or particle, the text
-- may name several holders, or another sign is written: those go through std_holders and behind.
CREATE OR REPLACE TEMP MACRO std_holder_plain(written) AS
    CASE
        WHEN regexp_matches(written, '^[a-zA-Z]+(?: [a-zA-Z]+)*(?:, ?[a-zA-Z]+(?: [a-zA-Z]+)*)?$')
            AND NOT regexp_matches(lower(written), getvariable('std_name_word_pattern'))
            AND NOT regexp_matches(written, '(?i)(?: and | or |\b(?:jt|jtwros|ten|joint)\b)') AND std_is_written(written)
            THEN replace(replace(lower(written), ', ', ' '), ',', ' ')
    END

-- The holders that a list of texts names: joint holders in one text are told apart, the words for their kind of ownership dropped.
CREATE OR REPLACE TEMP MACRO std_holders(written) AS
    CASE
        WHEN NOT regexp_matches(array_to_string(written, '|'), '(?i)(?: and | or |[&;/]|\b(?:jt|jtwros|ten|joint)\b)') THEN written
        -- In a lambda patterns are made anew for every piece of the data: one text is the common case.
        WHEN len(written) = 1 THEN std_joint(written[1])
        ELSE flatten(list_transform(written, lambda one_text: std_joint(one_text)))
    END

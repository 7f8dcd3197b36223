-- The holders that a list of texts names: joint holders in one text are told apart, the words for their kind of ownership dropped.
CREATE OR REPLACE TEMP MACRO std_holders(written) AS
    CASE
        WHEN regexp_matches(array_to_string(written, '|'), '(?i)(?: and | or |[&;/]|\b(?:jt|jtwros|ten|joint)\b)')
            THEN flatten(list_transform(written, lambda one_text: std_joint(one_text)))
        ELSE written
    END

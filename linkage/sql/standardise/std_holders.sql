-- The holders that a list of texts names: joint holders in one text are told apart, the words for their kind of ownership dropped.
CREATE OR REPLACE TEMP MACRO std_holders(written) AS
    CASE
        WHEN NOT std_is_joint(array_to_string(written, '|')) THEN written
        ELSE flatten(list_transform(
            list_transform(written, lambda one_text: std_joint_parts(one_text)), lambda one_text_parts: std_joint_names(one_text_parts)))
    END

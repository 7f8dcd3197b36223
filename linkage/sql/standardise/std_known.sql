-- Folded text, or NULL where it stands for "nothing known" in the attribute.
CREATE OR REPLACE TEMP MACRO std_known(attribute, folded) AS
    CASE WHEN NOT std_is_placeholder(attribute, folded) THEN folded END

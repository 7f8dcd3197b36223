-- Whether lower-case text stands for "nothing known" in an attribute of reference.placeholder.
CREATE OR REPLACE TEMP MACRO std_is_placeholder(attribute, folded) AS
    regexp_matches(folded, getvariable('std_placeholders')[attribute])

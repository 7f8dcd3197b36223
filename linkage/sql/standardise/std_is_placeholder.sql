-- Whether lower-case text stands for "nothing known" in an attribute of reference.placeholder.
CREATE OR REPLACE TEMP MACRO std_is_placeholder(attribute, folded) AS
    list_contains(getvariable('std_placeholders')[attribute], folded)

-- Whether a text is one sign repeated.
CREATE OR REPLACE TEMP MACRO std_is_same_sign(folded) AS replace(folded, left(folded, 1), '') = ''

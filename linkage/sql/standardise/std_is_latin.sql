-- Whether folded text holds ASCII only, so that edit distances on it count letters.
CREATE OR REPLACE TEMP MACRO std_is_latin(folded) AS strlen(folded) = length(folded)

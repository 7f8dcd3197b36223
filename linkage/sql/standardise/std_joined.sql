-- A folded name in which the Arabic "servant of" and the name behind it are one word.
CREATE OR REPLACE TEMP MACRO std_joined(folded) AS
    CASE WHEN contains(folded, 'عبد ') THEN regexp_replace(folded, '(^|[ ,])عبد (\p{L})', '\1عبد\2', 'g') ELSE folded END

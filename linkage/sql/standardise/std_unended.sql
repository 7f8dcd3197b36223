-- The name of a text that was parted by std_endings.
CREATE OR REPLACE TEMP MACRO std_unended(folded, parted) AS
    CASE WHEN parted.name <> '' THEN rtrim(parted.name, ' ,') ELSE folded END

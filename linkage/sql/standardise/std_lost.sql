-- How many of the written elements of a list came to nothing: its elements that are NULL.
CREATE OR REPLACE TEMP MACRO std_lost(elements) AS
    CASE WHEN len(elements) > 0 THEN len(elements) - list_count(elements) ELSE 0 END

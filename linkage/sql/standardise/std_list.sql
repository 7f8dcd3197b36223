-- A list without empty elements, distinct and sorted; NULL when nothing is left.
CREATE OR REPLACE TEMP MACRO std_list(elements) AS
    CASE WHEN len(elements) > 0 THEN nullif(list_sort(list_distinct(elements)), []::VARCHAR[]) END

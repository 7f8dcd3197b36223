-- A list without empty elements, distinct and sorted; NULL when nothing is left.
CREATE OR REPLACE TEMP MACRO std_list(elements) AS
    CASE
        WHEN list_count(elements) = 0 THEN NULL
        WHEN len(elements) = 1 THEN elements
        ELSE list_sort(list_distinct(elements))
    END

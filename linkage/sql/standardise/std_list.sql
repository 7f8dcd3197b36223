-- A list without empty elements, distinct and sorted; NULL when nothing is left.
CREATE OR REPLACE TEMP MACRO std_list(elements) AS
    list_transform([list_sort(list_distinct(elements))], lambda list_clean:
        CASE WHEN len(list_clean) > 0 THEN list_clean END
    )[1]

-- The name of an account holder: folded words in alphabetical order, so that "Smith, Robert" and "Robert Smith" are one.
CREATE OR REPLACE TEMP MACRO std_holder(written) AS
    list_transform([std_name_ending(std_name_text(written)).name], lambda holder_1:
        CASE
            WHEN std_is_written(written)
                THEN nullif(array_to_string(list_sort(string_split(replace(holder_1, ',', ' '), ' ')), ' '), '')
        END
    )[1]

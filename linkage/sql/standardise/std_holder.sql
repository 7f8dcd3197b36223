-- The words of a holder's name in alphabetical order, so that "Smith, Robert" and "Robert Smith" are one.
CREATE OR REPLACE TEMP MACRO std_holder(bare) AS
    nullif(array_to_string(list_sort(string_split(replace(bare, ',', ' '), ' ')), ' '), '')

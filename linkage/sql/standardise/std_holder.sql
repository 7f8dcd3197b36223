-- The words of a holder's name in alphabetical order, so that "Smith, Robert" and "Robert Smith" are one; in Latin letters where that can be.
CREATE OR REPLACE TEMP MACRO std_holder(words) AS
    std_filled(std_spaced(list_sort(string_split(
        CASE WHEN std_is_latin(words) THEN words ELSE coalesce(std_transliterated(words), replace(words, chr(65533), '')) END, ' '))))

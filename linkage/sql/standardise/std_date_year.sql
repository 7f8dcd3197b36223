-- The year of a date that tells no day: "1980", "1980-05", "05/1980", "**/**/1980", "00/00/1980", "1980-xx-xx", "circa 1980".
CREATE OR REPLACE TEMP MACRO std_date_year(prepared) AS
    list_transform(
        [regexp_extract(
            prepared,
            '^(?:(?:[0-9*x?#_]{1,2}[-/. ]+){0,2}|(?:c|ca|circa|abt|about|approx|est|born)[ .]*)([0-9]{4})(?:[-/. ]+[0-9*x?#_]{1,2}){0,2}$', 1)],
        lambda year_1: CASE
            WHEN year_1 = '' THEN {'shape': 'none', 'a': NULL::VARCHAR, 'b': NULL::VARCHAR, 'c': NULL::VARCHAR}
            ELSE {'shape': 'year', 'a': year_1, 'b': NULL, 'c': NULL}
        END
    )[1]

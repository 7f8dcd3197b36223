-- Country name to code.
SET VARIABLE std_countries = (
    SELECT map_from_entries(list((written, code) ORDER BY written)) FROM reference.country
)

-- Country to calling code.
SET VARIABLE std_calling_codes = (
    SELECT map_from_entries(list((country, code) ORDER BY country)) FROM reference.calling_code
)

-- Country to the length of its IBAN.
SET VARIABLE std_iban_lengths = (
    SELECT map_from_entries(list((country, length) ORDER BY country)) FROM reference.iban_length
)

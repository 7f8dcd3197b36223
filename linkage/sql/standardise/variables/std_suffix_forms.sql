-- Suffix as written to its form; empty for a dropped credential.
SET VARIABLE std_suffix_forms = (
    SELECT map_from_entries(list((written, form) ORDER BY written)) FROM reference.suffix
)

-- Legal form as written to its code.
SET VARIABLE std_legal_forms = (
    SELECT map_from_entries(list((written, form) ORDER BY written)) FROM reference.legal_form
)

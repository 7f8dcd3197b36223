-- Account type as written to its form.
SET VARIABLE std_account_types = (
    SELECT map_from_entries(list((written, form) ORDER BY written)) FROM reference.account_type
)

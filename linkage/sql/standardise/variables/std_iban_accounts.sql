-- Country to where the domestic account number stands in its IBAN.
SET VARIABLE std_iban_accounts = (
    SELECT map_from_entries(list((
        country, {'start': account_from::INTEGER, 'size': account_to::INTEGER - account_from::INTEGER + 1}) ORDER BY country))
    FROM reference.iban_length WHERE account_from <> ''
)

-- Name in a script that is not spoken letter by letter to its usual Latin spelling.
SET VARIABLE std_native_names = (
    SELECT map_from_entries(list((written, latin) ORDER BY written)) FROM reference.native_name
)

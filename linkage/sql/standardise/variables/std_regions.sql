-- State name to code.
SET VARIABLE std_regions = (
    SELECT map_from_entries(list((written, code) ORDER BY written)) FROM reference.region
)

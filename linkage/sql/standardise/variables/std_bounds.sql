-- Bounds by name.
SET VARIABLE std_bounds = (
    SELECT map_from_entries(list((name, "value") ORDER BY name)) FROM reference.bound
)

-- The given names of the list of nicknames.
SET VARIABLE std_given_names = (
    SELECT list(DISTINCT written ORDER BY written) FROM (SELECT unnest(["name", root]) AS written FROM reference.nickname)
)

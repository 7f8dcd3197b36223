-- The parts of a text that was split at its "and": two full names, or a given name that shares the other's surname; else the text whole.
CREATE OR REPLACE TEMP MACRO std_joint_names(parts) AS
    CASE
        WHEN len(parts) = 1 THEN parts
        WHEN len(list_filter(parts, lambda one_part: NOT contains(trim(one_part), ' '))) = 0 THEN parts
        WHEN len(parts) = 2 AND contains(parts[1], ',') AND trim(parts[2]) <> '' AND NOT contains(parts[2], ',')
            THEN [parts[1], split_part(parts[1], ',', 1) || ', ' || trim(parts[2])]
        WHEN len(parts) = 2 AND regexp_matches(parts[1], '^\s*\p{L}{2,}\s*$') AND regexp_matches(parts[2], '^\s*\p{L}{2,} (?:\p{L}\.? )?[\p{L}''-]{2,}\s*$')
            AND list_contains(getvariable('std_given_names'), lower(trim(parts[1])))
            THEN [trim(parts[1]) || ' ' || split_part(trim(parts[2]), ' ', -1), parts[2]]
        ELSE [array_to_string(parts, ' and ')]
    END

-- Two elements as std_list gives them: sorted, distinct, without NULL; NULL where both are NULL.
CREATE OR REPLACE TEMP MACRO std_pair(one, other) AS
    CASE
        WHEN one <> other THEN [least(one, other), greatest(one, other)]
        WHEN one IS NOT NULL OR other IS NOT NULL THEN [coalesce(one, other)]
    END

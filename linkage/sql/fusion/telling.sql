-- One row a value that ties identities: two or more hold it, and no more than make it generic.
SELECT kind, value, count(DISTINCT identity_id) AS holders FROM fusion.member
GROUP BY kind, value HAVING min(identity_id) <> max(identity_id) AND count(DISTINCT identity_id) <= $most

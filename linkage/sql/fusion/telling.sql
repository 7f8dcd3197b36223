-- One row a value that ties identities: two or more hold it, and no more than make it generic.
SELECT kind, value, count(*) AS holders FROM (SELECT DISTINCT kind, value, identity_id FROM fusion.member)
GROUP BY kind, value HAVING count(*) BETWEEN 2 AND $most

-- One row an identity and a value that ties it to others.
SELECT kind, value, member.identity_id, count(*) AS records, list_sort(list(DISTINCT agency)) AS agencies,
       min(seen_on) AS first_seen, max(seen_on) AS last_seen
FROM fusion.member AS member SEMI JOIN fusion.telling USING (kind, value)
GROUP BY kind, value, member.identity_id

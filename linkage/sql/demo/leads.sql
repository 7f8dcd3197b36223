-- The truth of leads by rule: entities, and what ties them. `planted` marks up to 20 of each rule, chosen by the seed.
WITH target AS (
    SELECT entity, list_sort(list(DISTINCT agency)) AS agencies FROM demo.interest WHERE is_open AND NOT starts_with(entity, 'account-') GROUP BY entity
), listed AS (
    SELECT DISTINCT entity FROM demo.interest WHERE agency IS NOT NULL
), share AS (
    SELECT 'targets_share' AS rule, one || '+' || two AS entities
    FROM demo.tied JOIN target AS left_side ON left_side.entity = one JOIN target AS right_side ON right_side.entity = two
    WHERE kind <> 'named' AND one < two AND len(list_distinct(left_side.agencies || right_side.agencies)) > 1
), tie AS (
    SELECT 'ties_targets' AS rule, one AS entities
    FROM demo.tied SEMI JOIN (SELECT entity AS two FROM target) AS target USING (two) ANTI JOIN (SELECT entity AS one FROM listed) AS listed USING (one)
    GROUP BY one HAVING count(DISTINCT two) BETWEEN 2 AND 50
), number AS (
    SELECT DISTINCT 'person-' || person AS entity, ssn FROM demo.person_record
    WHERE length(ssn) = 9 AND NOT starts_with(ssn, 'X') AND ssn NOT IN ('000000000', '123456789', '999999999', '111111111')
), one_ssn AS (
    SELECT 'one_ssn' AS rule, string_agg(entity, '+' ORDER BY entity) AS entities FROM number GROUP BY ssn HAVING count(*) BETWEEN 2 AND 10
), several AS (
    SELECT 'several_ssns' AS rule, entity AS entities FROM number AS one JOIN number AS two USING (entity)
    WHERE one.ssn < two.ssn AND damerau_levenshtein(one.ssn, two.ssn) > 2
), shell AS (
    SELECT value FROM (SELECT DISTINCT value, entity FROM demo.shown WHERE kind = 'address')
    GROUP BY value HAVING count(*) BETWEEN 3 AND 10 AND count(*) FILTER (WHERE starts_with(entity, 'business-')) >= 3
), fresh AS (
    SELECT 'new_at_shell' AS rule, entity AS entities FROM (SELECT entity, min(demo.seen_on(t)) AS first_seen FROM demo.interest GROUP BY entity)
    SEMI JOIN (SELECT entity FROM demo.shown SEMI JOIN shell USING (value) WHERE kind = 'address' AND starts_with(entity, 'business-')) AS there USING (entity)
    SEMI JOIN (SELECT one AS entity FROM demo.tied SEMI JOIN (SELECT entity AS two FROM target) AS target USING (two)) AS tied USING (entity)
    WHERE first_seen > (SELECT max(demo.seen_on(t)) FROM demo.data_row) - 365
), every AS (
    SELECT DISTINCT rule, entities FROM (FROM share UNION ALL FROM tie UNION ALL FROM one_ssn UNION ALL FROM several UNION ALL FROM fresh)
)
SELECT rule, entities, row_number() OVER (PARTITION BY rule ORDER BY md5(entities || demo.draw(0, 'lead')), entities) <= 20 AS planted
FROM every ORDER BY rule, entities

-- The truth of leads by rule: the entities that a lead is about, and those that it is tied to beside. `planted` marks up to 20 of each rule, chosen by the seed among those whose entities
-- are plainly recorded (each record of a person shows one birth date and one SSN, of a business one tax number), so that they try the rules, not the matching.
WITH target AS (
    SELECT entity, list_sort(list(DISTINCT agency)) AS agencies FROM demo.interest WHERE is_open AND NOT starts_with(entity, 'account-') GROUP BY entity
), listed AS (
    SELECT DISTINCT entity FROM demo.interest WHERE agency IS NOT NULL
), share AS (
    SELECT 'targets_share' AS rule, one || '+' || two AS entities, '' AS tied
    FROM demo.tied JOIN target AS left_side ON left_side.entity = one JOIN target AS right_side ON right_side.entity = two
    WHERE kind <> 'named' AND one < two AND len(list_distinct(left_side.agencies || right_side.agencies)) > 1
), tie AS (
    SELECT 'ties_targets' AS rule, one AS entities, string_agg(DISTINCT two, '+' ORDER BY two) AS tied
    FROM demo.tied SEMI JOIN (SELECT entity AS two FROM target) AS target USING (two) ANTI JOIN (SELECT entity AS one FROM listed) AS listed USING (one)
    GROUP BY one HAVING count(DISTINCT two) BETWEEN 2 AND 50
), number AS (
    SELECT DISTINCT 'person-' || person AS entity, ssn FROM demo.person_record
    WHERE length(ssn) = 9 AND NOT starts_with(ssn, 'X')
    -- Fillers, also with a slip, are no numbers.
    AND list_min(list_transform(['000000000', '123456789', '999999999', '111111111'], lambda filler: damerau_levenshtein(ssn, filler))) > 1
), one_ssn AS (
    SELECT 'one_ssn' AS rule, string_agg(entity, '+' ORDER BY entity) AS entities, '' AS tied FROM number GROUP BY ssn HAVING count(*) BETWEEN 2 AND 10
), several AS (
    SELECT 'several_ssns' AS rule, entity AS entities, '' AS tied FROM number AS one JOIN number AS two USING (entity)
    WHERE one.ssn < two.ssn AND damerau_levenshtein(one.ssn, two.ssn) > 2
), shell AS (
    SELECT value FROM (SELECT DISTINCT value, entity FROM demo.shown WHERE kind = 'address')
    GROUP BY value HAVING count(*) BETWEEN 3 AND 10 AND count(*) FILTER (WHERE starts_with(entity, 'business-')) >= 3
), fresh AS (
    SELECT 'new_at_shell' AS rule, entity AS entities, others AS tied FROM (SELECT entity, min(demo.seen_on(t)) AS first_seen FROM demo.interest GROUP BY entity)
    JOIN (
        SELECT one.entity, string_agg(DISTINCT two.entity, '+' ORDER BY two.entity) AS others
        FROM demo.shown AS one JOIN demo.shown AS two USING (kind, value) SEMI JOIN shell USING (value)
        WHERE kind = 'address' AND starts_with(one.entity, 'business-') AND two.entity <> one.entity GROUP BY one.entity
    ) AS there USING (entity)
    SEMI JOIN (SELECT one AS entity FROM demo.tied SEMI JOIN (SELECT entity AS two FROM target) AS target USING (two)) AS tied USING (entity)
    WHERE first_seen > (SELECT max(demo.seen_on(t)) FROM demo.data_row) - 365
), every AS (
    SELECT DISTINCT rule, entities, tied FROM (FROM share UNION ALL FROM tie UNION ALL FROM one_ssn UNION ALL FROM several UNION ALL FROM fresh)
), born AS (
    SELECT 'person-' || person AS entity, count(DISTINCT ssn) = 1 AND count(ssn) = count(*) AS is_numbered FROM demo.person_record
    GROUP BY person HAVING count(DISTINCT birth_date) = 1 AND count(birth_date) = count(*)
), plain AS (
    SELECT entity FROM born WHERE is_numbered
    UNION ALL SELECT 'business-' || business FROM demo.business_record GROUP BY business HAVING count(DISTINCT ein) = 1 AND count(ein) = count(*)
), judged AS (
    SELECT rule, entities, any_value(tied) AS tied, bool_and(CASE rule WHEN 'several_ssns' THEN entity IN (SELECT entity FROM born) ELSE entity IN (SELECT entity FROM plain) END) AS is_plain
    FROM (SELECT rule, entities, tied, unnest(string_split(entities, '+')) AS entity FROM every) GROUP BY rule, entities
)
SELECT rule, entities, tied,
       is_plain AND row_number() OVER (PARTITION BY rule, is_plain ORDER BY md5(entities || demo.draw(0, 'lead')), entities) <= 20 AS planted
FROM judged ORDER BY rule, entities

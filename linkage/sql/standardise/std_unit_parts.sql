-- A prepared street line parted at its unit ("12 main st apt 5b", "suite 900,1450 n city rd").
CREATE OR REPLACE TEMP MACRO std_unit_parts(prepared) AS
    list_transform(
        [regexp_extract(
            prepared,
            '^(?:(.*?)[ ,]+)?((?:(?:apartment|apt|unit|suite|ste|room|rm|floor|fl|lot|bldg|building|trlr|spc|penthouse|ph|flat|appt|#)'
            || '[ #-]*(?:[a-z]{0,2}-?[0-9][^ ,]*|[a-z]|suite)|[0-9]+(?:st|nd|rd|th)? (?:floor|fl))'
            || '(?:[ ,]+(?:apartment|apt|unit|suite|ste|room|rm|number|no|#)[ #-]*[^ ,]+)?)(?:[ ,]+(.*))?$',
            ['before', 'unit', 'behind'])],
        lambda unit_parts_1: CASE
            WHEN unit_parts_1.unit = '' THEN {'number': '', 'street': prepared, 'unit': ''}
            ELSE {
                'number': '',
                'street': trim(concat_ws(',', nullif(unit_parts_1.before, ''), nullif(unit_parts_1.behind, '')), ' ,'),
                'unit': unit_parts_1.unit}
        END
    )[1]

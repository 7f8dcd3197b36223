-- Address, step 8: the line without its state; a city that is named like its state stays in the line.
CREATE OR REPLACE TEMP MACRO std_place_state(step) AS
    {
        'rest': CASE
            WHEN coalesce(step.state.region, '') = '' THEN step.rest
            WHEN step.state.region IN ('de', 'la', 'co') AND NOT contains(step.rest, ',') THEN step.rest
            WHEN step.state.region = 'washington dc' THEN step.state.rest || ',washington'
            WHEN length(step.state.region) > 3 AND NOT contains(step.state.rest, ',') AND contains(step.rest, ',')
                THEN step.state.rest || ',' || step.state.region
            ELSE step.state.rest
        END,
        'is_line': step.is_line,
        'number_known': step.number_known,
        'postcode': step.postcode,
        'country': step.country,
        'region': CASE
            WHEN coalesce(step.state.region, '') = '' THEN NULL
            WHEN step.state.region IN ('de', 'la', 'co') AND NOT contains(step.rest, ',') THEN NULL
            ELSE getvariable('std_regions')[step.state.region]
        END
    }

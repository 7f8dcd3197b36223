-- Address, step 2: what stands behind the last comma, or the name of the United States at the end, for lines that hold a whole address.
CREATE OR REPLACE TEMP MACRO std_place_tail(step, is_line, number_known) AS
    {
        'rest': step,
        'is_line': is_line,
        'number_known': number_known,
        'tail': CASE
            WHEN NOT is_line THEN NULL
            WHEN regexp_matches(step, '[ ,](?:usa|u s a|united states(?: of america)?)$')
                THEN regexp_extract(step, '^(.*?)[ ,]+(usa|u s a|united states(?: of america)?)$', ['rest', 'last'])
            ELSE regexp_extract(step, '^(?:(.*),)?([^,]*)$', ['rest', 'last'])
        END
    }

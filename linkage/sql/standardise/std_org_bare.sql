-- Organisation, step 2: without "the" at its start or end.
CREATE OR REPLACE TEMP MACRO std_org_bare(step) AS
    CASE
        WHEN starts_with(step, 'the ') OR ends_with(step, ' the') THEN trim(regexp_replace(step, '^(?:the )+|(?: the)+$', '', 'g'))
        ELSE step
    END

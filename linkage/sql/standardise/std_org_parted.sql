-- Organisation, step 3: the name parted from the legal forms at its end.
CREATE OR REPLACE TEMP MACRO std_org_parted(step) AS
    {
        'bare': step,
        'parted': CASE WHEN contains(step, ' ') THEN regexp_extract(step, getvariable('std_legal_pattern'), ['core', 'tail']) END
    }

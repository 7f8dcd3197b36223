-- Full name, step 5: given, middle, surname and suffix; one word alone is a surname.
CREATE OR REPLACE TEMP MACRO std_name(step) AS
    {
        'given': coalesce(nullif(step.comma.given, ''), nullif(step.natural.given, '')),
        'middle': coalesce(nullif(replace(step.comma.middle, ',', ' '), ''), nullif(step.natural.middle, '')),
        'surname': coalesce(
            nullif(step.comma.surname, ''),
            nullif(step.natural.surname, ''),
            CASE WHEN step.comma IS NULL AND step.natural IS NULL THEN nullif(step.bare, '') END),
        'suffix': coalesce(
            step.suffix,
            CASE
                WHEN step.comma.suffix <> '' OR step.comma.later_suffix <> ''
                    THEN std_filled(getvariable('std_suffix_forms')[step.comma.suffix || step.comma.later_suffix])
            END)
    }

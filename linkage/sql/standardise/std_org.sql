-- Organisation, step 5: the abbreviations in its core spelt out; NULL for placeholders.
CREATE OR REPLACE TEMP MACRO std_org(step) AS
    CASE
        WHEN step.core IS NULL OR std_is_placeholder('organisation', step.core) THEN {'core': NULL::VARCHAR, 'form': NULL::VARCHAR}
        WHEN regexp_matches(step.core, getvariable('std_organisation_word_pattern')) THEN {
            'core': std_spaced(list_transform(string_split(step.core, ' '), lambda org_word:
                coalesce(getvariable('std_organisation_words')[org_word], org_word))),
            'form': step.form}
        ELSE {'core': step.core, 'form': step.form}
    END

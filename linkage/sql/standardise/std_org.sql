-- An organisation's name as core (folded, without legal form and "the", abbreviations spelt out) and form.
CREATE OR REPLACE TEMP MACRO std_org(written) AS
    list_transform([std_org_text(written)], lambda org_1:
    list_transform([{
        'whole': org_1,
        'name': CASE
            WHEN starts_with(org_1, 'the ') OR ends_with(org_1, ' the') THEN trim(regexp_replace(org_1, '^the | the$', '', 'g'))
            ELSE org_1
        END
    }], lambda org_2:
    list_transform([{
        'name': org_2.name,
        'split': regexp_extract(org_2.name, getvariable('std_legal_pattern'), ['core', 'tail'])
    }], lambda org_3:
    list_transform([CASE
        WHEN org_3.split.core <> '' THEN {
            'core': CASE WHEN ends_with(org_3.split.core, ' and') THEN left(org_3.split.core, length(org_3.split.core) - 4) ELSE org_3.split.core END,
            'form': coalesce(
                getvariable('std_legal_forms')[trim(org_3.split.tail)],
                getvariable('std_legal_forms')[regexp_extract(org_3.split.tail, '([^ ]+)$', 1)],
                getvariable('std_legal_forms')[regexp_extract(org_3.split.tail, '^ ([^ ]+)', 1)])}
        WHEN regexp_matches(org_3.name, '^(?:ooo|oao|zao|pao|tov|uab|pt) ') THEN {
            'core': substr(org_3.name, instr(org_3.name, ' ') + 1),
            'form': left(org_3.name, instr(org_3.name, ' ') - 1)}
        ELSE {'core': org_3.name, 'form': NULL::VARCHAR}
    END], lambda org_4: {
        'core': CASE
            WHEN regexp_matches(org_4.core, getvariable('std_organisation_word_pattern'))
                THEN array_to_string(list_transform(string_split(org_4.core, ' '), lambda org_word:
                    coalesce(getvariable('std_organisation_words')[org_word], org_word)), ' ')
            ELSE org_4.core
        END,
        'form': org_4.form
    })[1])[1])[1])[1]

-- Organisation, step 4: core and legal form; a few forms stand at the start, those of other scripts at both ends.
CREATE OR REPLACE TEMP MACRO std_org_form(step) AS
    CASE
        WHEN step.parted.core <> '' THEN {
            'core': CASE
                WHEN ends_with(step.parted.core, ' and') THEN left(step.parted.core, length(step.parted.core) - 4)
                WHEN std_is_latin(step.parted.core) THEN step.parted.core
                ELSE regexp_replace(step.parted.core, getvariable('std_legal_start_pattern'), '')
            END,
            'form': coalesce(
                getvariable('std_legal_forms')[trim(step.parted.tail)],
                getvariable('std_legal_forms')[split_part(step.parted.tail, ' ', -1)],
                getvariable('std_legal_forms')[split_part(step.parted.tail, ' ', 2)])}
        WHEN regexp_matches(step.bare, '^(ooo|oao|zao|pao|tov|uab|pt|o?jsc|cjsc|pjsc|srl|sarl|(?:open |closed |public )?joint stock company|limited liability company|societatea cu raspundere limitata) (.+)$') THEN {
            'core': regexp_extract(step.bare, '^(ooo|oao|zao|pao|tov|uab|pt|o?jsc|cjsc|pjsc|srl|sarl|(?:open |closed |public )?joint stock company|limited liability company|societatea cu raspundere limitata) (.+)$', 2),
            'form': coalesce(
                getvariable('std_legal_forms')[regexp_extract(step.bare, '^(ooo|oao|zao|pao|tov|uab|pt|o?jsc|cjsc|pjsc|srl|sarl|(?:open |closed |public )?joint stock company|limited liability company|societatea cu raspundere limitata) (.+)$', 1)],
                regexp_extract(step.bare, '^(ooo|oao|zao|pao|tov|uab|pt|o?jsc|cjsc|pjsc|srl|sarl|(?:open |closed |public )?joint stock company|limited liability company|societatea cu raspundere limitata) (.+)$', 1))}
        WHEN NOT std_is_latin(step.bare) THEN {
            'core': regexp_replace(step.bare, getvariable('std_legal_start_pattern'), ''),
            'form': getvariable('std_legal_forms')[regexp_extract(step.bare, getvariable('std_legal_start_pattern'), 1)]}
        ELSE {'core': step.bare, 'form': NULL::VARCHAR}
    END

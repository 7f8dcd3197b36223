-- Sound code of a folded surname: its first sound, then the classes of its consonants, vowels left out; at most eight signs.
CREATE OR REPLACE TEMP MACRO std_surname_code(folded) AS
    list_transform([std_sound_spelling(replace(folded, ' ', ''))], lambda code_1:
        left(
            concat(
                translate(left(code_1, 1), 'cqzxeiouy', 'kkssaaaaa'),
                std_undouble(translate(substr(code_1, 2), 'bpfvcgjkqsxzdtlmnraeiouhwy', '111122222222334556'))
            ),
            8
        )
    )[1]

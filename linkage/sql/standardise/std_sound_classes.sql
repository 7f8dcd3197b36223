-- The classes of the consonants behind the first letter of a surname spelt by std_sound_spelling; vowels are left out.
CREATE OR REPLACE TEMP MACRO std_sound_classes(spelling) AS
    translate(left(substr(spelling, 2), 14), 'bpfvcgjkqsxzdtlmnraeiouhwy', '111122222222334556')

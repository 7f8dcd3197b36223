-- A folded word as the list of native names writes it: without Arabic and Hebrew marks, in one form of each letter.
CREATE OR REPLACE TEMP MACRO std_native_key(folded) AS
    translate(regexp_replace(folded, '[\x{591}-\x{5BD}\x{5BF}-\x{5C7}\x{610}-\x{61A}\x{640}\x{64B}-\x{65F}\x{670}]', '', 'g'), 'أإآٱىیکة', 'ااااييكه')

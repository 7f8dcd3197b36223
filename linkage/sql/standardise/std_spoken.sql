-- One folded word in Latin letters: by the list of native names (Arabic also behind its article), else letter by letter; NULL where it holds
-- a letter that std_letters does not.
CREATE OR REPLACE TEMP MACRO std_spoken(folded) AS
    CASE
        WHEN std_is_latin(folded) THEN folded
        ELSE coalesce(
            getvariable('std_native_names')[std_native_key(folded)],
            CASE WHEN regexp_matches(folded, '^ال..') THEN 'al ' || getvariable('std_native_names')[substr(std_native_key(folded), 3)] END,
            std_kana(folded, std_filled(regexp_replace(
                list_aggregate(
                    list_transform(string_split(regexp_replace(folded, 'ο[υύ]', 'ou', 'g'), ''), lambda one_letter:
                        CASE WHEN std_is_latin(one_letter) THEN one_letter ELSE coalesce(getvariable('std_letters')[one_letter], chr(10)) END),
                    'string_agg', ''),
                '(?s)^.*\n.*$', ''))))
    END

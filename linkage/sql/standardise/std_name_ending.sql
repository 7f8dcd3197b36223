-- A folded name without the suffixes and credentials at its end, and the form of the first suffix among them.
CREATE OR REPLACE TEMP MACRO std_name_ending(folded) AS
    CASE
        WHEN contains(folded, ' ') OR contains(folded, ',')
            THEN list_transform([regexp_extract(folded, getvariable('std_suffix_pattern'), ['name', 'ending'])], lambda ending_1:
                CASE
                    WHEN ending_1.name = '' THEN {'name': folded, 'suffix': NULL::VARCHAR}
                    ELSE list_transform(
                        [regexp_extract(ending_1.name, getvariable('std_suffix_pattern'), ['name', 'ending'])],
                        lambda ending_2: {
                            'name': trim(CASE WHEN ending_2.name = '' THEN ending_1.name ELSE ending_2.name END, ' ,'),
                            'suffix': coalesce(
                                nullif(getvariable('std_suffix_forms')[ending_2.ending], ''),
                                nullif(getvariable('std_suffix_forms')[ending_1.ending], '')
                            )
                        }
                    )[1]
                END
            )[1]
        ELSE {'name': folded, 'suffix': NULL::VARCHAR}
    END

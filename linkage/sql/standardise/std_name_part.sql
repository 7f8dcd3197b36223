-- One part of a person's name, folded; NULL for placeholders.
CREATE OR REPLACE TEMP MACRO std_name_part(written) AS
    list_transform([std_fold(written)], lambda name_part:
        CASE WHEN NOT std_is_placeholder('name', name_part) THEN name_part END
    )[1]

-- Abbreviation to full word in organisation names.
SET VARIABLE std_organisation_words = (
    SELECT map_from_entries(list((written, "full") ORDER BY written)) FROM reference.organisation_word
)

-- Street word to short form.
SET VARIABLE std_street_words = (
    SELECT map_from_entries(list((written, short) ORDER BY written)) FROM reference.street_word
)

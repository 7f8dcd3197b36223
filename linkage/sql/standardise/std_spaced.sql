-- Words, at least one, as a text; the engine's array_to_string is a macro that makes its argument twice.
CREATE OR REPLACE TEMP MACRO std_spaced(words) AS
    list_aggregate(words, 'string_agg', ' ')

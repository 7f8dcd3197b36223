-- A text, or NULL where it is empty; for texts that take work to make: the engine's nullif is a macro that makes its argument twice.
CREATE OR REPLACE TEMP MACRO std_filled(made) AS
    list_filter([made], lambda filled_text: filled_text <> '')[1]

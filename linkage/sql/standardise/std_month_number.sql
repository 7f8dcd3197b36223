-- The number of a month from the first three letters of its name in English or Spanish.
CREATE OR REPLACE TEMP MACRO std_month_number(word) AS
    CASE word
        WHEN 'ene' THEN '1' WHEN 'abr' THEN '4' WHEN 'ago' THEN '8' WHEN 'dic' THEN '12'
        ELSE ((instr('janfebmaraprmayjunjulaugsepoctnovdec', word) + 2) // 3)::VARCHAR
    END

-- Sex as 'f' or 'm'; NULL for anything else.
CREATE OR REPLACE TEMP MACRO std_sex(written) AS
    CASE lower(trim(written))
        WHEN 'f' THEN 'f' WHEN 'female' THEN 'f' WHEN 'woman' THEN 'f' WHEN 'w' THEN 'f' WHEN 'fem' THEN 'f' WHEN 'girl' THEN 'f'
        WHEN 'm' THEN 'm' WHEN 'male' THEN 'm' WHEN 'man' THEN 'm' WHEN 'boy' THEN 'm'
    END

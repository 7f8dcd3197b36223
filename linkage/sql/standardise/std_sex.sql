-- Sex as 'f' or 'm'; NULL for anything else.
CREATE OR REPLACE TEMP MACRO std_sex(written) AS
    CASE
        WHEN lower(trim(written)) IN ('f', 'female', 'fem', 'woman', 'w', 'girl') THEN 'f'
        WHEN lower(trim(written)) IN ('m', 'male', 'man', 'boy') THEN 'm'
    END

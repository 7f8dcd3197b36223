-- City and state of what std_place_plain gives behind the street, without ZIP code and country ("reno, nv").
CREATE OR REPLACE TEMP MACRO std_place_town(tail, code) AS
    CASE
        WHEN ends_with(tail, ', usa') THEN left(tail, strlen(tail) - 5 - CASE WHEN code = '' THEN 0 ELSE 6 END)
        WHEN code = '' THEN tail
        ELSE left(tail, strlen(tail) - 6)
    END

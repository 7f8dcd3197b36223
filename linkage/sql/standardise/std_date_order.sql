-- The order in which to read a date: as told, else by the habits of the country.
CREATE OR REPLACE TEMP MACRO std_date_order(told, country) AS
    CASE
        WHEN lower(told) IN ('ymd', 'mdy', 'dmy') THEN lower(told)
        WHEN coalesce(lower(country), 'us') = 'us' THEN 'auto'
        ELSE 'auto_dmy'
    END

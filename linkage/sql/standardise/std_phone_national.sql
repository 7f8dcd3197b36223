-- Telephone number, step 3: the digits without the country code 1; `home` for the countries that share it.
CREATE OR REPLACE TEMP MACRO std_phone_national(step, country) AS
    CASE
        WHEN length(step.digits) = 11 AND starts_with(step.digits, '1')
            AND (step.abroad OR country IN ('us', 'ca', 'pr', 'do', 'jm', 'bs', 'tt', 'bb'))
            THEN {'digits': right(step.digits, 10), 'abroad': false, 'home': true}
        ELSE {'digits': step.digits, 'abroad': step.abroad, 'home': country IN ('us', 'ca', 'pr', 'do', 'jm', 'bs', 'tt', 'bb')}
    END

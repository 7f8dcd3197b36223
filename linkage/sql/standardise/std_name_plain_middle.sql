-- What stands between given name and surname, or behind the given name, in a name that std_name_plain gives.
CREATE OR REPLACE TEMP MACRO std_name_plain_middle(plain, given, surname) AS
    CASE
        WHEN contains(plain, ',')
            THEN CASE WHEN strlen(plain) > strlen(surname) + strlen(given) + 2 THEN substr(plain, strlen(surname) + strlen(given) + 3) END
        WHEN strlen(plain) > strlen(surname) + strlen(given) + 2
            THEN substr(plain, strlen(given) + 2, strlen(plain) - strlen(given) - strlen(surname) - 2)
    END

-- A routing number of nine digits with a right check digit (American Bankers Association).
CREATE OR REPLACE TEMP MACRO std_routing(written) AS
    list_transform([CASE WHEN regexp_matches(written, '^[\s0-9-]+$') THEN std_digits(written) END], lambda routing_1:
        CASE
            WHEN regexp_matches(routing_1, '^(?:0[1-9]|1[0-2]|2[1-9]|3[0-2]|6[1-9]|7[0-2]|80)[0-9]{7}$')
                AND (
                    3 * (TRY_CAST(routing_1[1] AS INTEGER) + TRY_CAST(routing_1[4] AS INTEGER) + TRY_CAST(routing_1[7] AS INTEGER))
                    + 7 * (TRY_CAST(routing_1[2] AS INTEGER) + TRY_CAST(routing_1[5] AS INTEGER) + TRY_CAST(routing_1[8] AS INTEGER))
                    + TRY_CAST(routing_1[3] AS INTEGER) + TRY_CAST(routing_1[6] AS INTEGER) + TRY_CAST(routing_1[9] AS INTEGER)
                ) % 10 = 0 THEN routing_1
        END
    )[1]

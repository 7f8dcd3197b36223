-- Telephone numbers in which SQL finds too few or too many digits although they hold words, other scripts or several numbers; `is_tried` within the bounds of a library.
SELECT dataset, written, country, place <= $most AND length(written) <= $longest AS is_tried
FROM (
    SELECT
        dataset, written, country,
        row_number() OVER (PARTITION BY dataset ORDER BY length(written) > $longest, written, country) AS place
    FROM (
        SELECT DISTINCT dataset, written, country
        FROM (
            SELECT dataset, written, country, std_phone_national(step, country) AS step
            FROM (
                SELECT dataset, written, country, std_phone_digits(std_phone_text(written)) AS step
                FROM reading.written
                WHERE std_is_written(written)
            )
        )
        WHERE (length(step.digits) NOT BETWEEN 7 AND 15 OR std_is_no_local(step))
            AND (step.digits = '' OR NOT std_is_same_sign(step.digits) AND NOT std_is_placeholder('phone', step.digits))
            AND (length(step.digits) > 15 OR regexp_matches(written, '[a-zA-Z]{3}') OR regexp_matches(written, '[^\x00-\x7F]'))
    )
)

-- Dates that SQL cannot read although they hold a year of four digits and a word; `is_tried` within the bounds of a library.
SELECT dataset, written, place <= $most AND length(written) <= $longest AS is_tried
FROM (
    SELECT dataset, written, row_number() OVER (PARTITION BY dataset ORDER BY length(written) > $longest, written) AS place
    FROM (
        SELECT DISTINCT dataset, written
        FROM (
            SELECT dataset, written, std_date_shape(std_date_text(written), std_date_order(told_order, country)) AS step
            FROM reading.written
            WHERE regexp_matches(written, '\p{Nd}{4}') AND regexp_matches(written, '[\p{L}\p{M}]{2}|[年년]') AND std_is_written(written)
        )
        WHERE step.shape = 'none'
    )
)

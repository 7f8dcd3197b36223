-- One row a row of a file that tells of an account.
WITH block AS (
    SELECT max(slot) + 1 AS slots FROM demo.slot WHERE kind = 'account'
)
SELECT appearance.n * 3 + 2 AS row, (appearance.n // slots) * 1000 + member AS account
FROM (SELECT unnest(range($account_rows)) AS n) AS appearance, block
JOIN demo.slot ON slot.kind = 'account' AND slot.slot = appearance.n % slots

-- One row a row of a file that tells of an account.
SELECT n * 3 + 2 AS row, (n // $account_slots) * 1000 + member AS account
FROM (SELECT unnest(range($account_rows)) AS n) AS appearance
JOIN demo.slot ON slot.kind = 'account' AND slot.slot = n % $account_slots

-- Pairs of records of one account that agree nearly (typing errors allowed) on enough to be told without rare values.
SELECT l.row AS row_l, r.row AS row_r
FROM demo.account_record AS l
JOIN demo.account_record AS r ON r.account = l.account AND r.row > l.row
WHERE demo.sampled(l.account, $modulus) AND
    demo.points(NOT l.masked AND NOT r.masked AND demo.alike_number(l.number, r.number), 2)
    + demo.points(right(l.number, 4) = right(r.number, 4), 1)
    + demo.points(demo.alike(l.title, r.title) OR demo.alike(l.second_title, r.second_title), 2)
    + demo.points(l.routing_number = r.routing_number OR left(l.bic, 8) = left(r.bic, 8) OR demo.alike(l.bank_name, r.bank_name), 1)
    + demo.points(l.opened_on = r.opened_on, 2) >= 3

-- Pairs of records of one business that agree nearly (typing errors allowed) on enough to be told without rare values.
SELECT l.row AS row_l, r.row AS row_r
FROM demo.business_record AS l
JOIN demo.business_record AS r ON r.business = l.business AND r.row > l.row
WHERE demo.sampled(l.business, $modulus) AND
    demo.points(demo.alike(l.name, r.name) OR demo.alike(l.name, r.trading_name) OR demo.alike(l.trading_name, r.name), 2)
    + demo.points(demo.alike_number(l.ein, r.ein), 3) + demo.points(demo.alike_number(l.phone, r.phone), 2)
    + demo.points(demo.alike(l.street, r.street), 1) + demo.points(demo.alike_number(l.house_number, r.house_number), 1)
    + demo.points(l.city = r.city, 1) >= 3

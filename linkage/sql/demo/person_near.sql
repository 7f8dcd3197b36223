-- Pairs of records of one person that agree nearly (typing errors allowed) on enough to be told without rare values.
SELECT l.row AS row_l, r.row AS row_r
FROM demo.person_record AS l
JOIN demo.person_record AS r ON r.person = l.person AND r.row > l.row
WHERE demo.sampled(l.person, $modulus) AND
    demo.points(demo.alike(l.given_name, r.given_name) OR demo.alike(l.given_name, r.surname), 1)
    + demo.points(demo.alike(l.surname, r.surname) OR demo.alike(l.surname, r.given_name), 1)
    + demo.points(demo.alike_date(l.birth_date, r.birth_date), 2)
    + demo.points(demo.alike_number(l.ssn, r.ssn) OR demo.alike_number(l.licence, r.licence) OR demo.alike_number(l.passport, r.passport), 3)
    + demo.points(right(l.ssn, 4) = right(r.ssn, 4), 2)
    + demo.points(demo.alike_number(l.phone, r.phone) OR demo.alike_number(l.phone2, r.phone2)
        OR demo.alike_number(l.phone, r.phone2) OR demo.alike_number(l.phone2, r.phone), 2)
    + demo.points(demo.alike(l.street, r.street), 1) + demo.points(demo.alike_number(l.house_number, r.house_number), 1)
    + demo.points(l.postcode = r.postcode, 1) >= 4

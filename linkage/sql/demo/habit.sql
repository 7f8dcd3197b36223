-- What each dataset leaves out (shares; 1 = it has no such field) and how carelessly it is typed (a factor).
SELECT dataset, columns(* EXCLUDE (dataset))::DOUBLE
FROM read_csv($folder || '/habits.csv', header = true, all_varchar = true)

-- Words of business names by kind (A first word, N trade, C chain), numbered from 0.
SELECT kind, word, abbreviation, row_number() OVER (PARTITION BY kind ORDER BY word) - 1 AS place
FROM read_csv($folder || '/business_words.csv', header = true, all_varchar = true)

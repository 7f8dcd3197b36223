-- The three fields of a prepared date in the order written, and its shape: ymd, open (year last), eight, six, year, none or blank.
CREATE OR REPLACE TEMP MACRO std_date_fields(prepared) AS
    CASE
        WHEN prepared IS NULL OR prepared = '' OR std_is_placeholder('any', prepared)
            THEN {'shape': 'blank', 'a': NULL::VARCHAR, 'b': NULL::VARCHAR, 'c': NULL::VARCHAR}
        WHEN contains(prepared, '0') AND regexp_matches(
            prepared,
            '^(?:0{1,2}[-/. ]+[0-9]{1,2}|[0-9]{1,2}[-/. ]+0{1,2})[-/. ]+[0-9]{4}$|^[0-9]{4}[-/. ]+(?:0{1,2}[-/. ]+[0-9]{1,2}|[0-9]{1,2}[-/. ]+0{1,2})$'
            || '|^[0-9]{4}(?:0000|(?:0[1-9]|1[0-2])00)$|^0000[0-9]{4}$')
            THEN {'shape': 'year', 'a': CASE
                WHEN regexp_matches(prepared, '^(?:[0-9]{8}|[0-9]{4}[^0-9].*)$') AND NOT starts_with(prepared, '0000') THEN left(prepared, 4)
                ELSE right(prepared, 4)
            END, 'b': NULL, 'c': NULL}
        WHEN regexp_matches(prepared, '^[0-9]{4}[-/. ]+[0-9]{1,2}[-/. ]+[0-9]{1,2}$')
            THEN list_transform(
                [regexp_extract(prepared, '^([0-9]{4})[-/. ]+([0-9]{1,2})[-/. ]+([0-9]{1,2})$', ['a', 'b', 'c'])],
                lambda fields_ymd: {'shape': 'ymd', 'a': fields_ymd.a, 'b': fields_ymd.b, 'c': fields_ymd.c}
            )[1]
        WHEN regexp_matches(prepared, '^[0-9]{1,2}[-/. ]+[0-9]{1,2}[-/. ]+(?:[0-9]{2}|[0-9]{4})$')
            THEN list_transform(
                [regexp_extract(prepared, '^([0-9]{1,2})[-/. ]+([0-9]{1,2})[-/. ]+([0-9]{2,4})$', ['a', 'b', 'c'])],
                lambda fields_open: {'shape': 'open', 'a': fields_open.a, 'b': fields_open.b, 'c': fields_open.c}
            )[1]
        WHEN regexp_matches(prepared, '^[0-9]{8}$')
            THEN {'shape': 'eight', 'a': left(prepared, 4), 'b': substr(prepared, 5, 2), 'c': right(prepared, 2)}
        WHEN regexp_matches(prepared, '^[0-9]{6}$')
            THEN {'shape': 'six', 'a': left(prepared, 2), 'b': substr(prepared, 3, 2), 'c': right(prepared, 2)}
        WHEN regexp_matches(prepared, '[a-z]{3}') THEN std_date_words(prepared)
        ELSE std_date_year(prepared)
    END

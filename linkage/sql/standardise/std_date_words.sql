-- The fields of a prepared date whose month is a word ("1 mar 1970", "march 1, 70", "24-may-11", "may 1980").
CREATE OR REPLACE TEMP MACRO std_date_words(prepared) AS
    list_transform(
        [regexp_extract(
            prepared,
            '^(?:(?:sun|mon|tue|wed|thu|fri|sat)[a-z]*[ ,.]+)?(?:([0-9]{1,4})(?:st|nd|rd|th)?[ ,./-]*(?:of |de )?)?'
            || '(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|ene|abr|ago|dic)[a-z]*[ ,./-]*(?:de )?'
            || '(?:([0-9]{1,4})(?:st|nd|rd|th)?)?(?:[ ,./-]+([0-9]{2,4}))?$',
            ['before', 'month', 'behind', 'last'])],
        lambda words_1: list_transform(
            [{
                'month': ((instr('janfebmaraprmayjunjulaugsepoctnovdec', words_1.month) + 2) // 3
                    + CASE words_1.month WHEN 'ene' THEN 1 WHEN 'abr' THEN 4 WHEN 'ago' THEN 8 WHEN 'dic' THEN 12 ELSE 0 END)::VARCHAR,
                'first': CASE WHEN words_1.before <> '' THEN words_1.before ELSE words_1.behind END,
                'second': CASE WHEN words_1.before <> '' THEN words_1.behind ELSE words_1.last END,
                'known': words_1.month <> '' AND (words_1.before = '' OR words_1.last = '')
            }],
            lambda words_2: CASE
                WHEN NOT words_2.known THEN std_date_year(prepared)
                WHEN words_2.second = '' AND length(words_2.first) = 4
                    THEN {'shape': 'year', 'a': words_2.first, 'b': NULL, 'c': NULL}
                WHEN length(words_2.first) = 4 THEN {'shape': 'ymd', 'a': words_2.first, 'b': words_2.month, 'c': words_2.second}
                ELSE {'shape': 'ymd', 'a': words_2.second, 'b': words_2.month, 'c': words_2.first}
            END
        )[1]
    )[1]

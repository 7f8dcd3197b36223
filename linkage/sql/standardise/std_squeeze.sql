-- Text trimmed, with every run of white space turned into one space; NULL when nothing is left.
CREATE OR REPLACE TEMP MACRO std_squeeze(written) AS
    CASE
        WHEN written = '' THEN NULL
        WHEN regexp_matches(written, '^ | $|  |[\t\n\r\f\v\x{A0}\x{2000}-\x{200B}\x{3000}]')
            THEN std_filled(trim(regexp_replace(written, '[ \t\n\r\f\v\x{A0}\x{2000}-\x{200B}\x{3000}]+', ' ', 'g')))
        ELSE written
    END

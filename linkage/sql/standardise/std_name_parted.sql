-- Full name, step 2: the text parted from the suffixes and credentials at its end.
CREATE OR REPLACE TEMP MACRO std_name_parted(prepared) AS
    {'whole': prepared, 'parted': std_endings(prepared)}

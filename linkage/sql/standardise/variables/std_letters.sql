-- Letter of another script to Latin letters; filled by `install_letters` with the letters that the data hold.
SET VARIABLE std_letters = MAP {}::MAP(VARCHAR, VARCHAR)

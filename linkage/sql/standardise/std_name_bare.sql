-- Full name, step 3: the text without suffixes, and the generation suffix.
CREATE OR REPLACE TEMP MACRO std_name_bare(step) AS
    {'bare': std_unended(step.whole, step.parted), 'suffix': std_generation(step.parted)}

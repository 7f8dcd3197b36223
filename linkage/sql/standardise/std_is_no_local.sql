-- Whether a telephone number of step 3 has the seven digits of a local number, but starts as none does in North America.
CREATE OR REPLACE TEMP MACRO std_is_no_local(step) AS
    step.home AND length(step.digits) = 7 AND step.digits < '2'

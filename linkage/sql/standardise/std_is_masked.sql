-- Whether an account number hides some of its digits, or is no longer than a tail.
CREATE OR REPLACE TEMP MACRO std_is_masked(written) AS
    coalesce(regexp_matches(
        lower(written), '[*•#…]|x{2,}|^\s*x[0-9]{3,6}\s*$|\.{2,}|_{2,}|end(?:ing|s)\b|last (?:4|four)|^\s*[0-9]{1,4}\s*$'), false)

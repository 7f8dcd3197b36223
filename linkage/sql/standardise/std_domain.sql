-- The domain of a web address, without scheme, "www.", port and path.
CREATE OR REPLACE TEMP MACRO std_domain(written) AS
    std_filled(regexp_extract(
        lower(trim(written)),
        '^(?:[a-z]+://)?(?:[^/@]*@)?(?:www[0-9]?\.)*([^\s/:?#@]+\.[^\s/:?#@.]{2,})\.?(?:[/:?#].*)?$', 1))

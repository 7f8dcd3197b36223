-- An organisation's name as written, the legal forms that Chinese, Japanese, Korean and Thai write without a space set apart.
CREATE OR REPLACE TEMP MACRO std_org_spaced(written) AS
    CASE
        WHEN strlen(written) = length(written) OR NOT regexp_matches(written, '[\p{Han}\p{Hangul}\p{Thai}㈱㈲㈜]') THEN written
        ELSE regexp_replace(
            regexp_replace(
                regexp_replace(regexp_replace(written, '㈲|[(（]有[)）]', ' 有限会社 ', 'g'), '㈱|[(（]株[)）]', ' 株式会社 ', 'g'),
                '㈜|[(（]주[)）]', ' 주식회사 ', 'g'),
            '(股份有限公司|有限责任公司|有限責任公司|有限公司|株式会社|株式會社|有限会社|合同会社|주식회사|유한회사|บริษัท|ห้างหุ้นส่วนจำกัด)',
            ' \1 ', 'g')
    END

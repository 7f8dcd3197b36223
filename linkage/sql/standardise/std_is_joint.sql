-- Whether a text may name several holders, or tells how they own an account.
CREATE OR REPLACE TEMP MACRO std_is_joint(written) AS
    regexp_matches(written, '(?i)(?: and | or |[&;/]|\b(?:jt|jtwros|ten|joint)\b)')

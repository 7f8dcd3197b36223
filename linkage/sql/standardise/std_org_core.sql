-- The core of an organisation's name; NULL for placeholders.
CREATE OR REPLACE TEMP MACRO std_org_core(written) AS
    list_transform([std_org(written).core], lambda core_1:
        CASE WHEN NOT std_is_placeholder('organisation', core_1) THEN core_1 END
    )[1]

-- The crosswalk of the audience's last release, with the age of each id.
SELECT crosswalk.identity_id, crosswalk.entity_type, identity.since, crosswalk.dataset, crosswalk.key, crosswalk.role
FROM last_release.published.identity_record AS crosswalk
JOIN last_release.published.identity AS identity USING (identity_id)

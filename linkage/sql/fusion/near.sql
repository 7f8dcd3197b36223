-- One row an identity that what is looked at again may tell of: its own, and those tied to it.
FROM fusion.again
UNION SELECT to_identity FROM release.published.identity_relation WHERE fusion_again(from_identity)
UNION SELECT from_identity FROM release.published.identity_relation WHERE fusion_again(to_identity)

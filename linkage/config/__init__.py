"""Settings: TOML read once, validated, frozen and passed down."""

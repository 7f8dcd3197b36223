"""Fusion: what ties identities to each other and to investigations. Each part is a function of one audience's release (rule R7)."""

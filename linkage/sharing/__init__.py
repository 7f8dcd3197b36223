"""Who may see what, and who has looked."""

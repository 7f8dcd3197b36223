"""The workspace on disk: what the system needs to go on, and what it hands out."""

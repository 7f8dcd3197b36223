"""Judgements entered, undone and listed: what stewards decide about pairs of records (rule R3)."""

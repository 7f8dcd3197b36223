"""Comparing records and learning what agreement is worth; with `engine`, the only place that imports Splink."""

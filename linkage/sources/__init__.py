"""Readers: agencies' files into `incoming.row`, rows that cannot be read into `incoming.reject`."""

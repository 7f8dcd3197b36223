"""Casework: what analysts and agencies ask of a release about investigations. Every answer is of one audience's own view, and a look."""

"""What stewards look at: the review queue, what changed between releases, and what became of an id."""

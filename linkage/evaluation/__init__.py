"""How good a grouping of records is: measures, grouping files, and reports by entity type."""

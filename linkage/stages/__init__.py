"""The stages of a run, each a function of stored tables. A stage names the tables it reads and writes."""

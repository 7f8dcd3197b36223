"""From files nobody has mapped to a project file: names and values are looked at, guessed, and told with reasons."""

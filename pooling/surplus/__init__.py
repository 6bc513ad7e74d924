"""What is left of a year, and what the members do with it."""

"""What is asked of a cooperative that has lived a year: its world is made once for all of these files."""

"""What ``make bench`` runs: every claim of speed, as a ratio against a baseline of the same run."""

"""Claims: what members ask of the funds, and who decides."""

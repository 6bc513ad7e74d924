"""Founding: twenty questions, or a ready-made scheme, make funds with rules, dues and circles; no code is written."""

"""Barter between members: listings, trades, mutual credit and hours."""

"""Circles: 20 to 50 members who carry the first part of each other's claims, with a stop-loss pool above them."""

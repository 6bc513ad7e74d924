"""Arrears: reminders step by step, agreements to pay in parts, and debts whose time has run out (B8, B9)."""

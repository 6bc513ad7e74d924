"""The cooperative's own money: bank accounts, costs and income, opening balances, corrections, closed months."""

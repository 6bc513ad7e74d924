"""The units the cooperative counts in, beyond the currencies of the world.

Imported by the settings before any model is loaded, so that django-money knows them.

- ``CREDIT``: mutual credit between members, two decimals.
- ``HOUR``: time credit, counted in whole *minutes*: ``Money(90, "HOUR")`` is one and a half hours. Twenty minutes
  is no finite decimal of an hour, so an hour is never stored as a fraction (rule L12).
"""

from moneyed import CURRENCIES, add_currency

CREDIT = "CREDIT"
HOUR = "HOUR"
BARTER = (CREDIT, HOUR)
MONEY = ("EUR", "USD", "GBP", "CHF", "JPY", "TND")
"""Currencies offered in forms. The ledger itself takes any currency it has a row for."""

if CREDIT not in CURRENCIES:
    add_currency(code=CREDIT, numeric=None, sub_unit=100, name="Credits", countries=[])
if HOUR not in CURRENCIES:
    add_currency(code=HOUR, numeric=None, sub_unit=1, name="Hours", countries=[])

"""Stored money: the one typed place where django-money's model field is configured."""

from __future__ import annotations

from typing import Any

from djmoney.models.fields import MoneyField as _MoneyField


class MoneyField(_MoneyField):
    """An amount and its currency: 16 digits before the point, three after (TND has three)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 19)
        kwargs.setdefault("decimal_places", 3)
        kwargs.setdefault("default_currency", "EUR")
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]

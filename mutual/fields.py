"""Stored money: the one typed place where django-money's model field is configured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models.signals import class_prepared  # noqa: TID251
from djmoney.models import fields
from djmoney.money import Money

# django-money swaps every manager for one made at run time, so that filters take Money. We filter by plain amounts and
# name the currency, and keep managers that a type checker can follow.
class_prepared.disconnect(fields.patch_managers)

if TYPE_CHECKING:

    class MoneyField(models.Field[Money | int | str | None, Money]):
        """An amount and its currency, as mypy sees it."""

        def __init__(self, *args: Any, default_currency: str = "EUR", **kwargs: Any) -> None: ...

    class NullableMoneyField(models.Field[Money | None, Money | None]):
        """An amount and its currency, or none, as mypy sees it."""

        def __init__(self, *args: Any, default_currency: str = "EUR", **kwargs: Any) -> None: ...

else:

    class MoneyField(fields.MoneyField):
        """An amount and its currency: 16 digits before the point, three after (TND has three)."""

        def __init__(self, *args, **kwargs):
            kwargs.setdefault("max_digits", 19)
            kwargs.setdefault("decimal_places", 3)
            kwargs.setdefault("default_currency", "EUR")
            super().__init__(*args, **kwargs)

    class NullableMoneyField(MoneyField):
        """An amount and its currency, or none."""

        def __init__(self, *args, **kwargs):
            kwargs["null"] = kwargs["blank"] = True
            super().__init__(*args, **kwargs)

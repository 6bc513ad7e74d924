"""What a simulation of a fund found on a day, kept so that pages are quick and quarters can be compared."""

from __future__ import annotations

from django.db import models


class Forecast(models.Model):
    """The outlook of a fund as it was simulated on a day; once more on that day replaces it."""

    fund = models.ForeignKey("pooling.Fund", on_delete=models.PROTECT, related_name="forecasts")
    made_on = models.DateField()
    seed = models.BigIntegerField()
    runs = models.PositiveIntegerField()
    outlook = models.JSONField()
    """:func:`pooling.solvency.outlooks.to_json`."""
    base = models.JSONField()
    """:func:`pooling.solvency.outlooks.base_to_json`: what the simulation was told, to try other terms on."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["fund", "made_on"], name="forecast_once_a_day")]
        indexes = [models.Index(fields=["fund", "-made_on"], name="forecast_newest")]

"""``manage.py simulate_funds [--fund F] [--seed N] [--json]``: the next 24 months of the funds, on the terminal."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from mutual import clock
from pooling.solvency import forecasts, outlooks, sentences, simulation


class Command(BaseCommand):
    help = "Simulates the next 24 months of every fund, or of one. The same seed and books give the same bytes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which fund, which seed, how many runs, and how to say it."""
        parser.add_argument("--fund", default="", help="a fund's slug; all funds without it")
        parser.add_argument("--seed", type=int, default=None, help="a whole number; by default the day's own")
        parser.add_argument("--runs", type=int, default=simulation.RUNS, help="how many runs (10,000)")
        parser.add_argument("--json", action="store_true", help="one JSON object a line")
        parser.add_argument("--keep", action="store_true", help="keep the result as today's forecast")

    def handle(self, *args: Any, **options: Any) -> None:
        """Simulate and print."""
        if options["runs"] < 1 or (options["seed"] is not None and options["seed"] < 0):
            self.stderr.write("Give at least one run, and a seed of zero or more.")
            sys.exit(2)
        try:
            found = forecasts.simulate(
                fund_slug=options["fund"], seed=options["seed"], on=clock.today(), number=options["runs"],
                kept=options["keep"],
            )  # fmt: skip
        except forecasts.ForecastRefused as refused:
            self.stderr.write(str(refused))
            sys.exit(1)
        for outlook in found:
            if options["json"]:
                self.stdout.write(json.dumps(outlooks.to_json(outlook), sort_keys=True))
            else:
                self.stdout.write(f"{outlook.name}: {sentences.of_fund(outlook)}")

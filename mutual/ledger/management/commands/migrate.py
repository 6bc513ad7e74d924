"""``manage.py migrate APP EARLIER`` would drop columns and what is in them: backwards must be meant (R-D8)."""

from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import migrate
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import AmbiguityError

from mutual.ledger.management import meant


class Command(migrate.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        """The installation's name, beside Django's own."""
        super().add_arguments(parser)
        meant.add_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate forwards; backwards only if it is meant."""
        if _goes_backwards(options):
            meant.check(options)
        super().handle(*args, **options)


def _goes_backwards(options: dict[str, Any]) -> bool:
    app, name = options["app_label"], options["migration_name"]
    if not app or not name or options["plan"]:
        return False
    executor = MigrationExecutor(connections[options["database"]])
    if name == "zero":
        return True
    try:
        target = (app, executor.loader.get_migration_by_prefix(app, name).name)
    except (KeyError, AmbiguityError):
        return False  # Django says what is wrong with it
    return any(backwards for _migration, backwards in executor.migration_plan([target]))

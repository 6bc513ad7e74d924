"""R-B2: crash at every statement and around every commit, run again, and compare with a run that did not crash.

A point is the moment before a statement, before and after a commit, and after a statement that commits by itself. At
its point the session's socket is closed and nothing further gets through, as when a process dies; then the step is
simply done again, as a person presses the button again. The clock, and how often a run was begun, may differ; nothing
else: every table is compared.

Between two trials a session of ours puts the tables back as they were (the sessions under test never touch a trigger);
that is what makes thousands of trials, each with real commits, a matter of minutes.

Run as ``python -m tests.faults.crashing EVERY FIRST STEP [pairs] [seeded]``: each EVERY-th point of the workflows
FIRST, FIRST + STEP, …
"""

from __future__ import annotations

import ast
import functools
import importlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from django.conf import settings
from django.db import connections
from psycopg import sql

from tests.arena import CHECKOUT

ROOMS = ("mutual", "members", "pooling", "invoicing")
Step = Callable[[], Any]

ASIDE = frozenset({"django_session", "django_migrations", "ledger_auditrun"})
CHARGE = "(SELECT (c.period, c.member_id, c.part) FROM pooling_charge c WHERE c.id = charge_id)"
INSTEAD = {
    "vault_vault": {"wrapped": "wrapped IS NULL"},
    "vault_content": {"sealed": "length(sealed)"},
    "jobs_run": dict.fromkeys(("id", "total", "done", "known", "cursor"), "NULL"),
    "pooling_charge": {"id": "NULL"},
    "pooling_placement": {"charge_id": CHARGE},
    "pooling_credit": {"charge_id": CHARGE},
    "dunning_reminder": {"charge_id": CHARGE},
    "dunning_covered": {"charge_id": CHARGE},
}
"""What is compared instead of a column. A run's own id is random, and what it counts says that it was begun twice;
charging somebody again who is charged uses up an id, so charges are known by period and member. What is sealed looks
different each time."""


class Crash(BaseException):
    """The process is dead: nothing catches this."""


@dataclass(frozen=True)
class Workflow:
    """Steps that one person after another takes; ``before`` makes what they need. Each reads its ids anew.

    :ivar everywhere: crash at all of its points, also where of others only some are tried (R-B1: what a batch does when
        it is killed, without a process to kill)
    """

    name: str
    before: Sequence[Step]
    steps: Sequence[Step]
    everywhere: bool = False


class Line:
    """The one connection that every session in turn takes for its own: a new one would read the catalogue anew.

    When a session ends or dies, what it left is undone as the server does when a connection breaks: its transaction is
    rolled back, its settings, locks and temporary things are discarded. A dead session finds nothing at its end.
    """

    def __init__(self) -> None:
        self._line: psycopg.Connection | None = None

    def lay(self) -> None:
        """From now on Django's connections of this process are this one."""
        kind = type(connections["default"])
        kind.get_new_connection = self._taking(kind.get_new_connection)
        kind._close = lambda _wrapper: self.clear()

    def _taking(self, really: Callable[..., psycopg.Connection]) -> Callable[..., psycopg.Connection]:
        def take(wrapper: Any, parameters: dict[str, Any]) -> psycopg.Connection:
            if self._line is None:
                self._line = really(wrapper, parameters)
            self.clear()
            return self._line

        return take

    def clear(self) -> None:
        """Undo what the session before left."""
        self._line.rollback()
        self._line.autocommit = True
        self._line.execute("DISCARD ALL")

    def die(self) -> None:
        """What the present session left is undone, and it finds nothing at its end any more."""
        self.clear()
        connections["default"].connection = Broken()


class Broken:
    """What a session finds after its death."""

    def __getattr__(self, _name: str) -> Any:
        raise psycopg.OperationalError("The process is dead.")


LINE = Line()


class Session:
    """Counts the points of what runs inside it, and dies at one of them."""

    def __init__(self, crash_at: int = -1) -> None:
        self.crash_at = crash_at
        self.points: list[str] = []
        self.dead = False

    def _point(self, what: str) -> None:
        if self.dead:
            raise Crash
        if len(self.points) == self.crash_at:
            self.dead = True
            LINE.die()
            raise Crash
        self.points.append(what)

    def _execute(self, execute: Any, query: Any, params: Any, many: Any, context: Any) -> Any:
        said = " ".join(str(query).split())[:100]
        self._point(f"before {said}")
        answer = execute(query, params, many, context)
        if not context["connection"].in_atomic_block:
            self._point(f"after {said}")
        return answer

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Everything in here happens in a session of its own, which is thrown away."""
        connections["default"].close()
        del connections["default"]
        fresh = connections["default"]
        fresh.ensure_connection()
        fresh.connection.execute("SET synchronous_commit = off")
        really = fresh._commit

        def commit() -> None:
            self._point("before COMMIT")
            really()
            self._point("after COMMIT")

        fresh._commit = commit
        with ExitStack() as stack:
            stack.enter_context(fresh.execute_wrapper(self._execute))
            try:
                yield
            except Exception as error:
                # Cleaning up over a dead line fails in its own ways; a dead process would not even have tried.
                if self.dead:
                    raise Crash from error
                raise
            finally:
                if self.dead:
                    del connections["default"]


class Reached:
    """Which durable use cases the steps of workflows have run: what no step runs is not searched."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self._watched = False

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note what runs in here."""
        self._watched = True
        try:
            yield
        finally:
            self._watched = False

    def listen(self) -> None:
        """Put a listener before every durable use case; before anybody else takes hold of one."""
        for name in durable_use_cases():
            module, _dot, function = name.rpartition(".")
            room = importlib.import_module(module)
            setattr(room, function, self._noting(name, getattr(room, function)))

    def _noting(self, name: str, really: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(really)
        def noted(*args: Any, **kwargs: Any) -> Any:
            if self._watched:
                self.names.add(name)
            return really(*args, **kwargs)

        return noted


REACHED = Reached()


def durable_use_cases() -> list[str]:
    """Every function that is a durable transaction, by its path, read from the code."""
    found: list[str] = []
    for path in sorted(path for room in ROOMS for path in (CHECKOUT / room).glob("**/*.py")):
        module = ".".join(path.relative_to(CHECKOUT).with_suffix("").parts)
        functions = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
        found.extend(f"{module}.{node.name}" for node in functions if _is_durable(node))
    return found


def _is_durable(function: ast.FunctionDef) -> bool:
    parts = [part for decorator in function.decorator_list for part in ast.walk(decorator)]
    return any(isinstance(part, ast.keyword) and part.arg == "durable" for part in parts)


class World:
    """The database between trials: its tables, frozen copies of them, and what is compared."""

    def __init__(self) -> None:
        self.control = psycopg.connect(settings.DATABASE_URL, autocommit=True)
        self.control.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        columns: dict[str, list[tuple[str, str]]] = {}
        for table, name, kind in self.control.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = 'public' ORDER BY table_name, ordinal_position"
        ):
            columns.setdefault(table, []).append((name, kind))
        self.tables = sorted(set(columns) - ASIDE)
        digests = sql.SQL(" UNION ALL ").join(self._digest(table, columns[table]) for table in self.tables)
        # Long, and asked thousands of times: put together once.
        self._state = digests.as_bytes(self.control)
        self._rewind = self._sequences(columns).as_bytes(self.control)

    def _digest(self, table: str, columns: list[tuple[str, str]]) -> sql.Composed:
        wanted = [name for name, kind in columns if kind != "timestamp with time zone"]
        instead = INSTEAD.get(table, {})
        row = sql.SQL("ROW({})::text").format(
            sql.SQL(", ").join(sql.SQL(instead[name]) if name in instead else sql.Identifier(name) for name in wanted)
        )
        return sql.SQL("SELECT {}, md5(coalesce(string_agg({row}, '|' ORDER BY {row}), '')) FROM public.{}").format(
            sql.Literal(table), sql.Identifier(table), row=row
        )

    def _sequences(self, columns: dict[str, list[tuple[str, str]]]) -> sql.Composed:
        """Ids that a crash used up are given out again, so that two histories can be compared by their ids."""
        parts = [
            sql.SQL(
                "setval({}, (SELECT min(id) - 1 FROM (SELECT id FROM ledger_account UNION SELECT 0) a), false)"
            ).format(sql.Literal("ledger_busy_account"))
        ]
        for sequence, table, column in self.control.execute(
            "SELECT s.relname, t.relname, a.attname FROM pg_class s JOIN pg_depend d ON d.objid = s.oid "
            "JOIN pg_class t ON t.oid = d.refobjid "
            "JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid "
            "WHERE s.relkind = 'S' AND d.deptype IN ('a', 'i') AND s.relnamespace = 'public'::regnamespace"
        ):
            parts.append(
                sql.SQL("setval({}, (SELECT coalesce(max({}), 0) + 1 FROM {}), false)").format(
                    sql.Literal(sequence), sql.Identifier(column), sql.Identifier(table)
                )
            )
        return sql.SQL("SELECT ") + sql.SQL(", ").join(parts)

    def state(self) -> dict[str, str]:
        """A digest of every table."""
        return dict(self.control.execute(self._state).fetchall())

    def freeze(self, name: str, tables: Sequence[str] | None = None) -> None:
        """Copy every table, or some, into a schema."""
        self.control.execute(
            sql.SQL("DROP SCHEMA IF EXISTS {0} CASCADE; CREATE SCHEMA {0}").format(sql.Identifier(name))
        )
        for table in self.tables if tables is None else tables:
            self.control.execute(
                sql.SQL("CREATE TABLE {0}.{1} AS TABLE public.{1}").format(sql.Identifier(name), sql.Identifier(table))
            )

    def thaw(self, name: str, changed: Sequence[str]) -> None:
        """Put tables back as they were copied, row by row where they differ."""
        swap = sql.SQL(
            "DELETE FROM public.{1} t WHERE t::text NOT IN (SELECT f::text FROM {0}.{1} f);"
            "INSERT INTO public.{1} SELECT * FROM {0}.{1} f WHERE f::text NOT IN (SELECT t::text FROM public.{1} t)"
        )
        for table in changed:
            self.control.execute(swap.format(sql.Identifier(name), sql.Identifier(table)))

    def rewind(self) -> None:
        """Let the sequences go on where the tables end."""
        self.control.execute(self._rewind)


class Trials:
    """One workflow, crashed at one point after the other, always from the same beginning."""

    def __init__(self, world: World, workflow: Workflow) -> None:
        self.world, self.workflow = world, workflow
        self.wrong: list[str] = []
        self.tried = 0
        base = world.state()
        for step in workflow.before:
            step()
        world.rewind()
        self.start = world.state()
        self.own = {table for table in world.tables if self.start[table] != base[table]}
        """What ``before`` changed: the other tables are put back from the world they all begin in."""
        world.freeze("frozen", sorted(self.own))
        self.expected, self.points = self._whole()
        self.kinds = {kind for (kind,) in world.control.execute("SELECT DISTINCT kind FROM ledger_transfer")}
        if _found():
            self.wrong.append("the run without a crash does not audit clean")
        self._back()
        if world.state() != self.start:
            self.wrong.append("the tables were not put back as they were")
        again, points = self._whole()
        if (again, points) != (self.expected, self.points):
            self.wrong.append(f"two runs without a crash differ in {self._differing(again)}")

    def _whole(self) -> tuple[dict[str, str], list[str]]:
        session = Session()
        with session(), REACHED.watching():
            for step in self.workflow.steps:
                step()
        return self.world.state(), session.points

    def _back(self) -> None:
        now = self.world.state()
        changed = {table for table in self.world.tables if now[table] != self.start[table]}
        self.world.thaw("frozen", sorted(changed & self.own))
        self.world.thaw("base", sorted(changed - self.own))
        self.world.rewind()

    def end(self) -> None:
        """Put back the world that every workflow begins in."""
        self._back()
        self.world.thaw("base", sorted(self.own))
        self.world.rewind()

    def _differing(self, found: dict[str, str]) -> list[str]:
        return [table for table in self.expected if found[table] != self.expected[table]]

    def crash(self, *deaths: int) -> None:
        """Crash at a point, go on, perhaps crash at a point of what is left to do, go on, compare."""
        self._back()
        left, again, where = list(self.workflow.steps), False, []
        for at in deaths:
            session = Session(crash_at=at)
            try:
                with session():
                    refused = self._go_on(left, again)
            except Crash:
                self.tried += 1
                again = True
                where.append(f"{at}, after {session.points[-1][:90] if session.points else 'anything'}")
                self.world.rewind()
            else:
                # A second death may lie behind the end of what was left; the first may not.
                if not where or refused:
                    self.wrong.append(f"{at}: did not crash {refused}")
                break
        # Whoever pressed the button presses it again: it may be refused as done already, and what follows goes on.
        if refused := self._go_on(left, again):
            self.wrong.append(f"{where}: a later step was refused: {refused}")
        elif differing := self._differing(self.world.state()):  # the same tables were audited after the whole run
            self.wrong.append(f"{where}: {', '.join(differing)} differ")

    def _go_on(self, left: list[Step], again: bool) -> str:
        """Take the steps that are left; returns why one was refused that had not been tried before."""
        while left:
            refused = _refusal(left[0])
            if refused and not again:
                return refused
            again = False
            left.pop(0)
        return ""


def _found() -> str:
    """The audit's first finding."""
    from mutual.ledger import audit

    return next((finding.sentence for finding in audit.findings()), "")


def _refusal(step: Step) -> str:
    """What the domain says against a step; anything else that goes wrong is a bug and passes."""
    try:
        step()
    except Exception as error:
        if any(kind.__name__.endswith("Refused") for kind in type(error).__mro__):
            return str(error)
        raise
    return ""


def enumerate_points(world: World, workflow: Workflow, every: int, offset: int, pairs: bool) -> dict[str, Any]:
    """Crash a workflow at each ``every``-th of its points (0: at none); what went wrong is named with its point.

    :param pairs: from each point once more, with a second crash somewhere in what is left to do
    """
    started = time.monotonic()
    trials = Trials(world, workflow)
    if workflow.everywhere:
        every = min(every, 1)
    for at in range(offset % every, len(trials.points), every) if every else ():
        trials.crash(at)
        if pairs:
            trials.crash(at, at * 7 % (len(trials.points) - at))
    trials.end()
    return {
        "workflow": workflow.name, "points": len(trials.points), "tried": trials.tried, "wrong": trials.wrong[:20],
        "kinds": sorted(trials.kinds), "reached": sorted(REACHED.names),
        "violations": len(trials.wrong), "seconds": round(time.monotonic() - started, 1),
    }  # fmt: skip


def main(every: int, first: int, step: int, pairs: bool, seeded: bool) -> None:
    """Try the workflows of this share, each from the same world; one line of JSON each."""
    import django

    django.setup()
    LINE.lay()
    REACHED.listen()
    from tests.faults import workflows

    workflows.make_world()
    world = World()
    world.freeze("base")
    chosen = workflows.SEEDED if seeded else workflows.WORKFLOWS
    for number, workflow in list(enumerate(chosen))[first::step]:
        sys.stdout.write(json.dumps(enumerate_points(world, workflow, every, number, pairs)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]), pairs="pairs" in sys.argv, seeded="seeded" in sys.argv)

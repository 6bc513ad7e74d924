"""Long work over many items, with its progress kept where a page and a terminal can see it."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from mutual.jobs.models import Run

REASONS = 100
"""How many refusals a run remembers with their sentences; all are counted."""


class RunsRefused(Exception):
    """The run cannot be started or resumed; the message says why."""


class AlreadyRunning(RunsRefused):
    """Another process is at work on this run now."""


def prepare(*, kind: str, key: str, title: str, by: int | None, total: int = 0, url: str = "") -> Run:
    """The run of this kind and key, made if there is none; in the transaction that asks for it."""
    run, _ = Run.objects.get_or_create(
        kind=kind, key=key, defaults={"title": title, "started_by": by, "total": total, "url": url}
    )
    return run


def start(run: Run, *, total: int) -> Run:
    """Begin, or begin again after a crash: counts start from zero, for what was done is found done (``known``)."""
    Run.objects.filter(pk=run.pk).update(
        state=Run.State.RUNNING, total=total, done=0, known=0, refused=0, reasons=[], started_at=timezone.now(),
        beat_at=timezone.now(), finished_at=None,
    )  # fmt: skip
    run.refresh_from_db()
    return run


def again(run: Run) -> None:
    """Let a run that is over wait to be done once more."""
    Run.objects.filter(pk=run.pk).update(state=Run.State.WAITING, finished_at=None, beat_at=timezone.now())


@transaction.atomic
def advance(
    run: Run, *, done: int = 0, known: int = 0, refused: Sequence[tuple[str, str]] = (), cursor: str = ""
) -> None:
    """Report progress: items done now, of them known from before, and refusals as (number, sentence)."""
    Run.objects.filter(pk=run.pk).update(
        done=F("done") + done,
        known=F("known") + known,
        refused=F("refused") + len(refused),
        beat_at=timezone.now(),
        **({"cursor": cursor} if cursor else {}),
    )
    if refused:
        row = Run.objects.select_for_update().get(pk=run.pk)
        row.reasons = [*row.reasons, *([subject, sentence] for subject, sentence in refused)][:REASONS]
        row.save(update_fields=["reasons"])
    run.refresh_from_db()


def finish(run: Run, *, stopped: bool = False) -> Run:
    """Nothing more will happen in this run."""
    run.refresh_from_db()
    run.state = Run.State.STOPPED if stopped else (Run.State.PARTIAL if run.refused else Run.State.FINISHED)
    run.finished_at = run.beat_at = timezone.now()
    run.save(update_fields=["state", "finished_at", "beat_at"])
    return run

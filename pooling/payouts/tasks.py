"""Work that follows: paying a run, telling those who were paid, and loans that repay themselves."""

from __future__ import annotations

from mutual import clock
from mutual.celery import task
from pooling.payouts import letters, loans, paying


def pay(*, number: str) -> None:
    """Pay a run, as somebody started it on its page."""
    paying.pay(number=number, by=None)


def tell(*, number: str, after: int, upto: int) -> None:
    """Write to those whom a chunk of a run paid."""
    letters.tell(number=number, after=after, upto=upto)


def tell_made_up(*, decision: str) -> None:
    """Write to those for whom a decision made up what a run had left unpaid."""
    letters.tell_made_up(decision=decision)


@task
def repay_loans() -> int:
    """Let each fund repay what is due, as far as it can."""
    return loans.repay_due(on=clock.today())

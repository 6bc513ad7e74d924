"""Work that follows: dues relief for everybody, and members' parts of a shared year."""

from __future__ import annotations

from members.governance.models import Decision
from mutual import clock
from mutual.ledger import audit
from pooling.surplus import patronage, relief


def relieve(*, relief_id: int) -> None:
    """Pay a relief that somebody asked for on the surplus page. Where it is refused, the run says why."""
    try:
        relief.pay(relief_id=relief_id, on=clock.today())
    except (relief.ReliefRefused, audit.BooksBroken):
        return


def share_out(*, decision_id: int) -> None:
    """Credit members with their parts of a year, as it was decided."""
    by = Decision.objects.values_list("decided_by_id", flat=True).get(pk=decision_id)
    patronage.share_out(decision_id=decision_id, by=by, on=clock.today())


def tell(*, label: str, after: int, upto: int) -> None:
    """Write to those who were credited with their parts of a year."""
    patronage.tell(label=label, after=after, upto=upto)

"""Work that follows: dues relief for everybody."""

from __future__ import annotations

from mutual import clock
from mutual.ledger import audit
from pooling.surplus import relief


def relieve(*, relief_id: int) -> None:
    """Pay a relief that somebody asked for on the surplus page. Where it is refused, the run says why."""
    try:
        relief.pay(relief_id=relief_id, on=clock.today())
    except (relief.ReliefRefused, audit.BooksBroken):
        return

"""What the books refuse, as a sentence for whoever decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils.translation import gettext as _

from mutual import formats
from mutual.ledger import journal


@contextmanager
def saying(refused: Callable[[str], Exception]) -> Iterator[None]:
    """Carry a decision out: where the books do not allow it, nothing is booked and the room's refusal says why."""
    try:
        with transaction.atomic():
            yield
    except journal.PeriodClosed as error:
        day = formats.day(error.open_from)
        raise refused(_("The books are closed before %(day)s.") % {"day": day}) from error
    except journal.BalanceOutOfRange as error:
        over = formats.money(error.over_by)
        raise refused(_("That is %(over)s more than there is.") % {"over": over}) from error
    except journal.AlreadyReversed as error:
        raise refused(_("This entry is undone already.")) from error

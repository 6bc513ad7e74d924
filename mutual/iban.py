"""International bank account numbers: how they are written, and whether their check digits hold (ISO 13616)."""

from __future__ import annotations

import re
import textwrap

from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

_SHAPE = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)


class BadIban(ValueError):
    """The text is no such number; it is not repeated in the message."""


def read(text: str) -> str:
    """The number as computers write it: no spaces, capitals.

    :raises BadIban: if its shape, its length for the country, or its check digits are wrong
    """
    found = "".join(text.split()).upper()
    if not _SHAPE.fullmatch(found) or not checks(found):
        raise BadIban("This is no valid IBAN.")
    try:
        IBAN(found)
    except SchwiftyException as error:
        raise BadIban("This is no valid IBAN.") from error
    return found


def checks(iban: str) -> bool:
    """Whether the check digits hold: moved to the end, letters as 10 to 35, the number leaves 1 divided by 97."""
    moved = iban[4:] + iban[:4]
    return int("".join(str(int(char, 36)) for char in moved)) % 97 == 1


def grouped(iban: str) -> str:
    """The number in groups of four, as people read it."""
    return "\N{NO-BREAK SPACE}".join(textwrap.wrap("".join(iban.split()), 4))

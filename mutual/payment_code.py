"""The European payment code (EPC069-12): a square that banking apps fill in a transfer from."""

from __future__ import annotations

import io

import segno

from mutual.money import Money

MOST = 1_000_000_000
"""A payment code names less than this, in euros."""


def draw(*, holder: str, iban: str, bic: str, amount: Money, purpose: str) -> str | None:
    """The code as SVG, or None where there is none: for other currencies than the euro, and where nothing is to pay.

    :param iban: with or without spaces
    :param purpose: what the bank transfer says, such as an invoice's or a member's number
    """
    if str(amount.currency) != "EUR" or not 0 < amount.amount < MOST:
        return None
    text = "\n".join(
        ("BCD", "002", "1", "SCT", bic, holder[:70], iban.replace(" ", ""), f"EUR{amount.amount:.2f}", "", "",
         purpose[:140])
    )  # fmt: skip
    drawing = io.BytesIO()
    code = segno.make(text, error="m", encoding="utf-8", micro=False)
    code.save(drawing, kind="svg", xmldecl=False, border=0, dark="#22332c", omitsize=True)
    return drawing.getvalue().decode()

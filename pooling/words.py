"""One table of words: what may be said about a benefit, by the promise its fund makes (F15).

Pages, letters and statements take their words from here. A gift is not a benefit anybody is entitled to, and nothing
here is insurance; a word that says more than the promise is refused in the rules' own text as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext_lazy as _

Text = str | Lazy


@dataclass(frozen=True)
class Words:
    """The words of one promise.

    :ivar sentence: what may be said about the fund, and no more
    :ivar noun: what is given: a gift, a benefit
    :ivar would: before an amount, about a member who would fall ill
    :ivar up_to: before the most that could come
    :ivar nothing: where nothing would come
    :ivar approved: before an amount, in the letter about a decision
    :ivar refused: the letter about a refusal
    :ivar caveat: what could still change the amount
    :ivar unsaid: beginnings of words that say more than the promise
    """

    sentence: Text
    noun: Text
    would: Text
    up_to: Text
    nothing: Text
    approved: Text
    refused: Text
    caveat: Text
    unsaid: tuple[str, ...]


_RIGHTS = (
    "entitle", "guarant", "insur", "right to", "owed to", "assured",
    "anspruch", "garant", "versicher", "droit à", "assur", "権利", "保証", "保険",
)  # fmt: skip

WORDS = {
    "GIFT": Words(
        sentence=_("Members give; nobody is promised anything."),
        noun=_("gift"),
        would=_("The others could give you"),
        up_to=_("Gifts could come to"),
        nothing=_("No gift would come."),
        approved=_("The others give you"),
        refused=_("No gift comes of this request."),
        caveat=_("A gift comes from other members' own money, as far as it goes."),
        unsaid=(*_RIGHTS, "will receive", "benefit you", "must pay"),
    ),
    "DISCRETIONARY": Words(
        sentence=_("Officers decide each request on its merits; nothing is promised beforehand."),
        noun=_("support"),
        would=_("You could ask for"),
        up_to=_("You could ask for up to"),
        nothing=_("Nothing could be asked for."),
        approved=_("The officers have decided to give you"),
        refused=_("The officers have decided not to give support."),
        caveat=_("Officers decide each request; the rules only say how much they can give."),
        unsaid=(*_RIGHTS, "will receive", "must pay"),
    ),
    "VARYING": Words(
        sentence=_("Benefits vary with what the fund holds; they may be reduced when it is short."),
        noun=_("benefit"),
        would=_("You would receive"),
        up_to=_("You would receive up to"),
        nothing=_("You would receive nothing."),
        approved=_("You receive, as far as the fund's means allow,"),
        refused=_("No benefit is paid."),
        caveat=_("When the fund is short, everybody's benefit is reduced by the same cover index."),
        unsaid=_RIGHTS,
    ),
    "GUARANTEED": Words(
        sentence=_("An approved benefit is paid in full."),
        noun=_("benefit"),
        would=_("You would be entitled to"),
        up_to=_("You would be entitled to up to"),
        nothing=_("You would not be entitled to anything."),
        approved=_("You are entitled to"),
        refused=_("You are not entitled to a benefit."),
        caveat=_("An approved benefit is paid in full, whatever the fund holds."),
        unsaid=("insur", "versicher", "assur", "保険"),
    ),
}
"""By the codes of ``Fund.Promise``."""


def of(promise: str) -> Words:
    """The words a promise allows."""
    return WORDS[promise]


def said_too_much(promise: str, text: str) -> list[str]:
    """The words of a text that say more than the promise allows, each once, as they stand in it."""
    found: list[str] = []
    for beginning in WORDS[promise].unsaid:
        bound = r"\b" if beginning[0].isascii() else ""
        for match in re.finditer(rf"{bound}{re.escape(beginning)}\w*", text, re.IGNORECASE):
            if match[0].lower() not in [one.lower() for one in found]:
                found.append(match[0])
    return found

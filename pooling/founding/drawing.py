"""A plan drawn for a terminal: rules, dues, how many carry how much, what is next."""

from __future__ import annotations

from django.utils.translation import gettext as say

from mutual.money import Money, minor
from pooling.benefits import sentences, texts
from pooling.founding.offers import DuesRow, Plan, claims

WIDTH = 76


def drawn(found: Plan) -> list[str]:
    """The plan, line by line."""
    lines = ["", f"  {found.name.upper()}", f"  {found.purpose}"]
    if found.source:
        lines.append("  " + say("After: %(source)s") % {"source": found.source})
    if found.terms is not None:
        lines += ["", _rule(say("Rules"))]
        for benefit in found.terms.benefits:
            lines.append(f"  {benefit.title}")
            lines += [f"    · {clause}" for clause in texts.clauses(benefit, found.terms)]
    lines += ["", _rule(say("What members pay by the month")), *_rows(found.pay)]
    if found.besides:
        lines += ["", _rule(say("And besides")), *_rows(found.besides)]
    if found.insures:
        lines += _carried(found)
    if found.charter:
        lines += ["", _rule(say("What members agree on")), *(f"    · {clause}" for clause in found.charter)]
    lines += [f"  ! {warning}" for warning in found.warnings]
    lines += ["", _rule(say("Before it begins"))]
    lines += [f"  {number:>2}. {step}" for number, step in enumerate(found.checklist, 1)]
    return [*lines, ""]


def _rows(rows: tuple[DuesRow, ...]) -> list[str]:
    width = max(len(row.label) for row in rows)
    return [
        f"  {row.label:<{width}}   {_plain(row.dues):>14}"
        + (f"   {say('for')} {_plain(row.benefit):>14}" if row.benefit is not None else "")
        for row in rows
    ]


def _carried(found: Plan) -> list[str]:
    lines = ["", _rule(say("How many members carry how many claims at once"))]
    most = max([found.members, *(one.members for one in found.break_even)])
    bars = [(claims(one.claims), one.members) for one in found.break_even] + [(say("at the start"), found.members)]
    width = max(len(label) for label, _count in bars)
    for label, count in bars:
        size = max(1, count * 44 // most)
        lines.append(f"  {label:<{width}}   {'█' * size} {count}")
    lines.append("  " + say("So %(members)s members carry %(claims)s at once.") % {
        "members": found.members, "claims": claims(found.at_once) if found.at_once else say("no claim"),
    })  # fmt: skip
    return lines


def _plain(amount: Money) -> str:
    unit = str(amount.currency)
    return f"{unit} {sentences.plain_amount(minor(amount), unit)}"


def _rule(title: str) -> str:
    return f"── {title} {'─' * max(WIDTH - len(title) - 4, 3)}"

"""The rules for the surplus: proposed by one officer, adopted by another as the members decided, dated."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from members.governance import decisions
from members.governance.models import Decision
from mutual import formats
from pooling.models import Fund
from pooling.surplus import sharing

KIND = "SURPLUS_RULES"
SUBJECT = "surplus"


class SurplusRulesRefused(Exception):
    """Nothing was changed; the message is a sentence for the person."""


class TooEarly(SurplusRulesRefused):
    """Rules begin after the ones before them."""


@transaction.atomic(durable=True)
def propose(*, said: Mapping[str, Any], why: str, valid_from: dt.date, by: int, on: dt.date) -> Decision:
    """Propose what the surplus is for from a day on; years that end later are divided so.

    :raises SurplusRulesRefused: if the rules cannot be, or name a fund that is not there
    :raises TooEarly: if others hold from that day on or later
    """
    _read(said)
    _after_the_newest(valid_from)
    return decisions.propose(
        kind=KIND, subject=SUBJECT, text=why, by=by, on=on,
        terms={"rules": dict(said), "valid_from": valid_from.isoformat()},
    )  # fmt: skip


def _read(said: Any) -> sharing.Rules:
    try:
        found = sharing.read(said)
    except sharing.RulesRefused as refused:
        raise SurplusRulesRefused(str(refused)) from refused
    wanted = {part.fund for part in (*found.own_work, *found.other) if part.fund is not None}
    if Fund.objects.filter(pk__in=wanted, closed_on=None).count() != len(wanted):
        raise SurplusRulesRefused(_("The rules name a fund that is not open."))
    return found


def _after_the_newest(valid_from: dt.date) -> None:
    before = newest()
    if before is not None and before.terms["valid_from"] >= valid_from.isoformat():
        raise TooEarly(
            _("The rules before it are valid from %(day)s: choose a later day.")
            % {"day": formats.day(dt.date.fromisoformat(before.terms["valid_from"]))}
        )


@transaction.atomic(durable=True)
def adopt(*, decision_id: int, by: int, on: dt.date) -> Decision:
    """Adopt the rules as the second officer.

    :raises members.governance.decisions.DecisionRefused: if decided, or proposed by the same person
    :raises TooEarly: if others came in between
    """
    with decisions.deciding(decision_id, kind=KIND, by=by, on=on) as decision:
        _after_the_newest(dt.date.fromisoformat(decision.terms["valid_from"]))
    return decision


def newest() -> Decision | None:
    """The decision that set the newest rules."""
    found = Decision.objects.filter(kind=KIND, state=Decision.State.CONFIRMED)
    return found.order_by("-terms__valid_from", "-id").first()


def in_force(on: dt.date) -> tuple[sharing.Rules, Decision] | None:
    """The rules in force on a day and the decision that set them, or nothing."""
    found = Decision.objects.filter(kind=KIND, state=Decision.State.CONFIRMED, terms__valid_from__lte=on.isoformat())
    decision = found.order_by("-terms__valid_from", "-id").first()
    return (of(decision), decision) if decision is not None else None


def of(decision: Decision) -> sharing.Rules:
    """The rules that a decision set."""
    return sharing.read(decision.terms["rules"])


def with_funds(said: Mapping[str, Any], funds: Mapping[str, int]) -> dict[str, Any]:
    """Rules that name funds by a scheme's keys, naming them by their ids."""
    return {
        key: [
            {**part, "fund": funds[part["fund"]]} if part.get("fund") is not None else dict(part) for part in value
        ]
        if key in ("own_work", "other")
        else value
        for key, value in said.items()
    }  # fmt: skip


def fund_names() -> dict[int | str, str]:
    """Every fund's name by its id."""
    return dict(Fund.objects.values_list("pk", "name"))


def clauses(found: sharing.Rules, names: Mapping[int | str, str]) -> list[str]:
    """What the rules say, a sentence each.

    :param names: the funds' names, by what the rules call them
    """
    said = [_("Of what members' own work earned: %(parts)s.") % {"parts": _parts(found.own_work, names)}]
    said.append(_("Of everything else: %(parts)s.") % {"parts": _parts(found.other, names)})
    said.append(_("A loss lowers what goes to the reserve first."))
    if found.to_members:
        pay = found.payment
        said.append(_("The members' part is divided by the hours each worked in the year."))
        said.append(
            _("At least %(percent)s %% of it is paid within %(months)s months and %(days)s days of the year's end, the "
              "rest within %(rest)s months.")
            % {"percent": _plain(pay.least), "months": pay.within_months, "days": pay.within_days,
               "rest": pay.rest_months}
        )  # fmt: skip
        said.append(
            _("Whoever leaves gets hers within %(months)s months, less what she owes, with %(percent)s %% interest a "
              "year.")
            % {"months": found.leaving_months, "percent": _plain(found.interest)}
        )  # fmt: skip
    return said


def _plain(percent: Any) -> str:
    return formats.number(percent, max(-int(percent.normalize().as_tuple().exponent), 0))


def _parts(parts: tuple[sharing.Part, ...], names: Mapping[int | str, str]) -> str:
    labels = {
        "RESERVE": _("the indivisible reserve"), "RELIEF": _("next year's dues"), "MEMBERS": _("the members' accounts"),
    }  # fmt: skip
    return ", ".join(
        _("%(percent)s %% for %(what)s") % {
            "percent": _plain(part.percent),
            "what": labels[part.to] if part.fund is None else names.get(part.fund, str(part.fund)),
        }
        for part in parts
    )  # fmt: skip

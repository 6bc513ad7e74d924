"""Rules of a fund: proposed in exact terms and plain words, adopted by a second officer, valid from a day on."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from members.governance import decisions
from members.governance.models import Decision
from mutual import formats
from pooling import words
from pooling.benefits import texts
from pooling.benefits.engine import Version
from pooling.benefits.models import RuleVersion
from pooling.benefits.terms import Terms, TermsRefused
from pooling.models import Fund

KIND = "RULES"


class RulesRefused(Exception):
    """Nothing was changed; the message is a sentence for the person."""


class TermsNotPossible(RulesRefused):
    """The terms cannot be; the message names the place."""


class WrongCurrency(RulesRefused):
    """The terms are in another currency than the fund."""


class SaidTooMuch(RulesRefused):
    """The text says more than the fund's promise allows."""


class TooEarly(RulesRefused):
    """A version begins after the one before, and not in the past."""


class NothingChanges(RulesRefused):
    """These are the rules already."""


def read(terms: Mapping[str, Any]) -> Terms:
    """Terms from their JSON form.

    :raises TermsNotPossible: if they cannot be
    """
    try:
        return Terms.from_json(terms)
    except TermsRefused as refused:
        raise TermsNotPossible(str(refused)) from refused


@transaction.atomic(durable=True)
def propose(
    *, fund_id: int, terms: Mapping[str, Any], text: str, why: str, valid_from: dt.date, by: int, on: dt.date
) -> Decision:
    """Propose a version of a fund's rules; a second officer adopts it.

    :param text: the rules in plain words as they will be read; empty for the words made from the terms
    :param why: what is decided and why, for the decision
    :raises TermsNotPossible: if the terms cannot be
    :raises WrongCurrency: if they are in another currency than the fund
    :raises SaidTooMuch: if the text says more than the fund's promise allows
    :raises TooEarly: if it begins before the version before it, or changes what has been
    :raises NothingChanges: if these are the fund's rules already
    """
    fund = Fund.objects.get(pk=fund_id)
    found = read(terms)
    if found.currency != fund.currency:
        raise WrongCurrency(_("This fund is kept in %(currency)s.") % {"currency": fund.currency})
    text = text.strip() or "\n".join(texts.describe(found))
    if said := words.said_too_much(fund.promise, f"{text}\n{why}"):
        raise SaidTooMuch(
            _("The fund's promise is “%(promise)s”: its rules cannot say “%(word)s”.")
            % {"promise": fund.get_promise_display(), "word": said[0]}
        )
    newest = fund.rules.order_by("-number").first()
    _check_day(newest, valid_from, on)
    if newest is not None and newest.terms == found.to_json() and newest.text == text:
        raise NothingChanges(_("These are the fund's rules already."))
    return decisions.propose(
        kind=KIND, subject=f"fund-{fund.slug}"[:60], text=why, by=by, on=on,
        terms={"fund": fund_id, "valid_from": valid_from.isoformat(), "text": text, "terms": found.to_json()},
    )  # fmt: skip


def _check_day(newest: RuleVersion | None, valid_from: dt.date, on: dt.date) -> None:
    """A fund's first rules may say what has long been done; later ones change nothing that has been."""
    if newest is None:
        return
    if valid_from <= newest.valid_from:
        raise TooEarly(
            _("The rules before it are valid from %(day)s: choose a later day.")
            % {"day": formats.day(newest.valid_from)}
        )
    if valid_from < on:
        raise TooEarly(_("Rules cannot change what has been: choose today or a later day."))


@transaction.atomic(durable=True)
def adopt(*, decision_id: int, by: int, on: dt.date) -> RuleVersion:
    """Adopt a proposal as the second officer: its terms are the fund's rules from its day on.

    :raises members.governance.decisions.DecisionRefused: if it was decided, or proposed by the same person
    :raises TooEarly: if its day has passed, or another version came in between
    """
    with decisions.deciding(decision_id, kind=KIND, by=by, on=on) as decision:
        said = decision.terms
        fund = Fund.objects.select_for_update().get(pk=said["fund"])
        newest = fund.rules.order_by("-number").first()
        valid_from = dt.date.fromisoformat(said["valid_from"])
        _check_day(newest, valid_from, on)
        return RuleVersion.objects.create(
            fund=fund, number=newest.number + 1 if newest else 1, valid_from=valid_from, text=said["text"],
            terms=said["terms"], decision=decision,
        )  # fmt: skip


def versions(fund_id: int) -> tuple[Version, ...]:
    """A fund's rule versions in the order of their days, as the engine takes them; empty where it has none."""
    rows = RuleVersion.objects.filter(fund_id=fund_id).order_by("valid_from")
    return tuple(
        Version(number, valid_from, _terms(json.dumps(terms, sort_keys=True)), decision)
        for number, valid_from, terms, decision in rows.values_list("number", "valid_from", "terms", "decision__number")
    )


@lru_cache(maxsize=512)
def _terms(canonical: str) -> Terms:
    return Terms.from_json(json.loads(canonical))

"""What the fund's rules say about a claim: the same function shows it before and decides it after (promise 2)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import override

from mutual.money import Money, from_minor
from pooling.benefits import facts, rules, sentences
from pooling.benefits.engine import Code, Entitlement, assess, judged_by, version_on
from pooling.benefits.facts import NOTHING, Absence, Asked, ComesIn
from pooling.benefits.terms import Per
from pooling.claims import history
from pooling.claims.models import Claim
from pooling.models import Fund

REASONS = {
    Code.NO_COVER: Claim.Reason.NO_COVER,
    Code.WAITING_PERIOD: Claim.Reason.WAITING,
    Code.FREQUENCY: Claim.Reason.FREQUENCY,
    Code.CEILING_REACHED: Claim.Reason.CEILING,
    Code.TARGET_DATE: Claim.Reason.DATE,
    Code.INVALID_CLAIM: Claim.Reason.UNCLEAR,
    Code.OWN_RISK: Claim.Reason.OWN_RISK,
}
"""What a refusal by the rules is called on a claim."""


def preview(
    *, member_id: int, fund_id: int, occasion: str, first_day: dt.date, last_day: dt.date, incapacity: int,
    reported_on: dt.date, comes_in: ComesIn = NOTHING, count: int = 1,
) -> Entitlement | None:  # fmt: skip
    """What the rules say before anything is submitted; None where the fund has no rules.

    :param count: how many a lump sum at a birth is for
    """
    return _assess(
        Absence(
            member_id=member_id, cause=occasion, occurred_on=first_day, began_on=first_day,
            ended_on=last_day + dt.timedelta(1), count=count, phases=history.phases([(first_day, incapacity)]),
            reported_on=reported_on, **vars(comes_in),
        ),
        fund_id,
    )  # fmt: skip


def of(claim: Claim, *, without: bool = False) -> Entitlement | None:
    """What the rules say about a claim as it stands; None where the fund has no rules.

    :param without: leave out certificates that nobody has accepted yet
    """
    certificates = claim.certificates.exclude(declined_on__isnull=False)
    if without:
        certificates = certificates.filter(accepted_on__isnull=False)
    found = list(certificates.order_by("from_on", "id").values_list("from_on", "incapacity"))
    return _assess(
        Absence(
            member_id=claim.member_id, cause=claim.occasion, occurred_on=claim.first_day, began_on=claim.first_day,
            ended_on=claim.last_day + dt.timedelta(1), number=claim.number, count=claim.count,
            phases=history.phases(found), reported_on=claim.submitted_on, **vars(comes_in(claim)),
        ),
        claim.fund_id,
    )  # fmt: skip


def comes_in(claim: Claim) -> ComesIn:
    """What still comes in, as the claimant said it."""
    return ComesIn(claim.other_cover, claim.continuing_income, claim.state_benefit, claim.cost)


def asked(*, member_id: int, fund_id: int, occasion: str, on: dt.date) -> Asked:
    """What a fund's rules must be told for a claim of that day; nothing where they do not ask. A claim that continues
    an earlier one goes by the rules of that one (F2)."""
    versions = rules.versions(fund_id)
    found = _assess(Absence(member_id, occasion, on, on, on + dt.timedelta(1)), fund_id)
    benefit = judged_by(found, versions) if found is not None else None
    if benefit is None:
        return Asked()
    return Asked(facts.asked_by(benefit), children=benefit.for_each_child(occasion))


def occasions(currency: str, on: dt.date) -> list[tuple[str, str]]:
    """What can be claimed for: what officers always look at, and what the rules of open funds cover."""
    covered: set[str] = set(Claim.ALWAYS)
    for pk in Fund.objects.filter(closed_on=None, currency=currency).values_list("pk", flat=True):
        version = version_on(rules.versions(pk), on)
        if version is not None:
            covered |= {cause for benefit in version.terms.benefits for cause in benefit.causes}
    return [(value, str(label)) for value, label in Claim.Occasion.choices if value in covered]


def _assess(absence: Absence, fund_id: int) -> Entitlement | None:
    versions = rules.versions(fund_id)
    if not versions:
        return None
    return assess(facts.load(absence, fund_id=fund_id, versions=versions), versions)


def amount(found: Entitlement) -> Money:
    """What the rules grant."""
    return from_minor(found.amount, found.currency)


def written(found: Entitlement, language: str) -> dict[str, Any]:
    """An entitlement as it is kept with the claim and stands in the letter: sentences in the member's language."""
    with override(language):
        steps = [[step.rule, sentences.of(step), sentences.figure(step)] for step in found.steps]
        code = sentences.code_label(found.code) if found.code is not None else ""
    return {
        "version": found.version, "rule": found.rule, "title": found.title, "amount": found.amount,
        "currency": found.currency, "days": found.days, "monthly": found.per != Per.ONCE,
        "code": found.code.value if found.code else "",
        "refusal": code, "steps": steps,
        "lines": [[line.start.isoformat(), line.end.isoformat(), line.days, line.amount] for line in found.lines],
    }  # fmt: skip


def kept(claim: Claim) -> dict[str, Any] | None:
    """What the rules said when the claim was decided, as a page shows it."""
    if claim.ruled is None:
        return None
    said = claim.ruled
    return {**said, "money": from_minor(said["amount"], said["currency"])}


def shown(found: Entitlement, language: str) -> dict[str, Any]:
    """What the rules say now, as a page shows it."""
    return {**written(found, language), "money": amount(found), "first_day": found.first_day}

"""The decision letter: reasons, rules and how to appeal, as PDF; kept in the claim's vault and gone with it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from members.statements import statements
from mutual import formats
from mutual.documents.sheets import Sheet
from mutual.money import from_minor
from mutual.vault import vault
from pooling.benefits.models import RuleVersion
from pooling.claims import desk_rules
from pooling.claims.models import Claim, Instalment

LETTER = "letter"


def place(claim: Claim) -> str:
    """Where the letter about the newest decision lies."""
    return f"{LETTER}/{claim.decisions}"


def print_decision(*, claim_id: int, number: int) -> None:
    """Print the letter about a claim's decision of this number and seal it; again, or once there is a newer decision,
    is harmless."""
    claim = Claim.objects.select_related("member", "fund").get(pk=claim_id)
    if claim.decided_on is None or claim.decisions != number or place(claim) in vault.places(claim.vault):
        return
    noon = dt.datetime.combine(claim.decided_on, dt.time(12), dt.UTC)
    _keep(claim, letter(claim).print(created=noon).pdf)


@transaction.atomic(durable=True)
def _keep(claim: Claim, pdf: bytes) -> None:
    assert claim.decided_on is not None
    Claim.objects.select_for_update(of=("self",)).get(pk=claim.pk)
    if vault.is_destroyed(claim.vault) or place(claim) in vault.places(claim.vault):
        return
    vault.open_vault(claim.vault, on=claim.decided_on)
    vault.seal(subject=claim.vault, place=place(claim), content=pdf)


def letter(claim: Claim) -> Sheet:
    """What the letter says, in the member's language."""
    assert claim.decided_on is not None
    language = claim.member.language
    with override(language):
        refused = claim.status == Claim.Status.REFUSED
        heading = _("Your claim %(number)s is refused") if refused else _("Your claim %(number)s is approved")
        heading %= {"number": claim.number}
        ruled = claim.ruled or {}
        context: dict[str, Any] = {
            "cooperative": {"name": settings.COOPERATIVE_NAME},
            "member": {"name": claim.member.name, "lines": statements.party(claim.member, language).address},
            "heading": heading,
            "lead": _("%(fund)s, %(first)s to %(last)s")
            % {
                "fund": claim.fund.name,
                "first": formats.day(claim.first_day, language),
                "last": formats.day(claim.last_day, language),
            },
            "running": f"{heading}  ·  {claim.member.number}",
            "foot": "  ·  ".join([settings.COOPERATIVE_NAME, *settings.COOPERATIVE_ADDRESS.splitlines()]),
            "facts": _facts(claim, language),
            "reasons": _reasons(claim, language, refused=refused),
            "steps": [(sentence, rule, figure) for rule, sentence, figure in ruled.get("steps", [])],
            "months": _months(claim, language),
            "rules_title": _("The rules, version %(number)s") % {"number": ruled.get("version", "")},
            "rules": _rules(claim),
            "appeal": _appeal(claim, language),
        }
    return Sheet("documents/decision.html", context, heading, language, {})


def _facts(claim: Claim, language: str) -> list[tuple[str, str]]:
    assert claim.decided_on is not None
    going_on = claim.status == Claim.Status.RUNNING
    facts = [
        (_("Claim"), claim.number),
        (_("Member number"), claim.member.number),
        *([(_("Children"), formats.number(claim.count, locale=language))] if claim.count > 1 else []),
        (_("Handed in"), formats.day(claim.submitted_on, language)),
        (_("Decided"), formats.day(claim.decided_on, language)),
        (
            _("Worth, as far as certified") if going_on else _("Claimed"),
            formats.money(claim.amount_claimed, language),
        ),
    ]
    if claim.amount_approved is not None:
        facts.append(
            (_("Set aside so far") if going_on else _("Approved"), formats.money(claim.amount_approved, language))
        )
    return facts


def _reasons(claim: Claim, language: str, *, refused: bool) -> list[str]:
    said, words = [], claim.fund.words
    if refused:
        said.append(_("The reason: %(reason)s") % {"reason": claim.get_reason_display()} + " " + str(words.refused))
    elif claim.status == Claim.Status.RUNNING:
        said.append(
            _("Each month is set aside when it is over, and comes with the next payments. You need do nothing.")
        )
    else:
        assert claim.amount_approved is not None
        said.append(
            f"{words.approved} {formats.money(claim.amount_approved, language)}. "
            + _("It is set aside, and comes with the next payments. You need do nothing.")
        )
    if not refused:
        said.append(str(words.caveat))
    if claim.deviates:
        said.append(_("The officers decided otherwise than the rules reckon. Why, you read on the page of your claim: "
                      "it is sealed, and only you and they can open it."))  # fmt: skip
    if claim.needs_two and not refused:
        said.append(_("Two officers decided, neither of them close to you."))
    else:
        said.append(_("A claims officer decided who is not close to you."))
    said.append(claim.fund.promise_sentence)
    return said


def _months(claim: Claim, language: str) -> list[tuple[str, str, str]]:
    return [
        (
            f"{formats.day_short(one.first_day, language)} – {formats.day_short(one.last_day, language)}",
            str(one.days) if one.days else "",
            formats.money(from_minor(one.amount_due, claim.fund.currency), language),
        )
        for one in claim.instalments.exclude(state=Instalment.State.RELEASED).order_by("first_day", "id")
    ]


def _rules(claim: Claim) -> list[str]:
    if claim.ruled is None:
        return []
    version = RuleVersion.objects.filter(fund=claim.fund, number=claim.ruled["version"]).first()
    return [line for line in version.text.splitlines() if line.strip()] if version is not None else []


def _appeal(claim: Claim, language: str) -> list[str]:
    assert claim.decided_on is not None
    last = claim.decided_on + dt.timedelta(days=desk_rules.on(claim.decided_on).appeal_days)
    return [
        _("You can appeal until %(day)s, on the page of your claim: %(url)s")
        % {"day": formats.day(last, language), "url": f"{settings.SITE_URL}/claims/mine/{claim.number}/"},
        _("Members drawn by lot look at it then. They see the fund, the time and the amounts in bands, and what "
          "you write to them, but not who you are. Nobody of your circle, nobody you trade with and nobody who works "
          "for the same client is drawn. The majority decides. The courts stay open to you."),
    ]  # fmt: skip

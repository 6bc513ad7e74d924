"""What supports a claim: sealed when it comes in, opened with a reason by those who decide."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Sum, TextChoices
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.governance import figures
from mutual import people, repeats
from mutual.trail import trail
from mutual.uploads import Accepted
from mutual.vault import vault
from pooling.claims import separation
from pooling.claims.models import Claim, Evidence

BODY = "body"
DEVIATION = "deviation"


class Why(TextChoices):
    """Why sealed papers are opened. Codes only: free words could say what the vault hides."""

    DECIDE = "DECIDE", gettext_lazy("To decide")
    CONFIRM = "CONFIRM", gettext_lazy("To confirm as the second officer")
    CERTIFICATE = "CERTIFICATE", gettext_lazy("To check a new certificate")
    ASKED = "ASKED", gettext_lazy("The member asked me to")
    REVIEW = "REVIEW", gettext_lazy("To re-read a paid claim")
    OWN = "OWN", gettext_lazy("Her own papers")
    JUROR = "JUROR", gettext_lazy("As a juror of the appeal")


OFFICERS = tuple(why for why in Why if why not in (Why.OWN, Why.JUROR))


class EvidenceRefused(Exception):
    """Nothing was changed or opened; the message is a sentence for the person."""


class NotOpen(EvidenceRefused):
    """The claim is over."""


class TooMuch(EvidenceRefused):
    """The claim holds as much as it may."""


class Gone(EvidenceRefused):
    """The papers were destroyed on schedule, or were never there."""


@dataclass(frozen=True)
class Look:
    """Somebody opened something: what, who, when, why; in words."""

    what: str
    who: str
    at: dt.datetime
    why: str


def seal_body(claim: Claim, *, words: str, on: dt.date) -> None:
    """Open the claim's vault and seal what she wrote; in the submitting transaction."""
    vault.open_vault(claim.vault, on=on)
    if words:
        vault.seal(subject=claim.vault, place=BODY, content=words.encode())


def seal_files(claim: Claim, *, kind: str, files: Sequence[Accepted], on: dt.date) -> list[Evidence]:
    """Seal files that were looked at; in the caller's transaction.

    :raises TooMuch: if the claim would hold more than it may
    """
    held = claim.evidence.aggregate(sum=Sum("size"))["sum"] or 0
    most = figures.value("claims.papers_megabytes", on)
    if held + sum(len(one.content) for one in files) > most << 20:
        raise TooMuch(_("A claim holds %(size)s MB of files at most, and that is reached.") % {"size": most})
    first = claim.evidence.count() + 1
    made = [
        Evidence(
            claim=claim, place=f"evidence/{number}", kind=kind, mime=one.mime, suffix=one.suffix,
            size=len(one.content), pages=one.pages, added_on=on,
        )
        for number, one in enumerate(files, first)
    ]  # fmt: skip
    for row, one in zip(made, files, strict=True):
        vault.seal(subject=claim.vault, place=row.place, content=one.content)
    return Evidence.objects.bulk_create(made)


@transaction.atomic(durable=True)
def add(*, claim_id: int, kind: str, files: Sequence[Accepted], form_key: str, on: dt.date) -> list[Evidence]:
    """Add files to one's own claim. The same form sent twice adds them once.

    :raises NotOpen: if it was refused, withdrawn, or is over
    :raises TooMuch: if it would hold more than it may
    """
    repeats.wait_for_twin(form_key)
    claim = Claim.objects.select_for_update(of=("self",)).get(pk=claim_id)
    if trail.is_recorded(did="EVIDENCE_ADDED", subject=claim.number, detail={"form": form_key}):
        return list(claim.evidence.all())
    if claim.status not in Claim.OPEN:
        raise NotOpen(_("This claim is over: nothing can be added to it."))
    vault.open_vault(claim.vault, on=on)
    made = seal_files(claim, kind=kind, files=files, on=on)
    # The log is read by people who need not know who is ill: it says that the claimant did it, not who she is.
    trail.record(by=None, did="EVIDENCE_ADDED", subject=claim.number, detail={"form": form_key, "files": len(made)})
    return made


def open_place(*, claim: Claim, place: str, why: Why, by: int, at: dt.datetime) -> bytes:
    """What is sealed at a place of a claim, for an officer who may decide it, or the claimant. Written down first.

    :raises pooling.claims.separation.SeparationRefused: if an officer is too close to the claimant
    :raises Gone: if nothing is there any more
    """
    if why == Why.OWN:
        assert claim.member.user_id == by, "Only the claimant opens her own papers."
    else:
        separation.may_decide(claim=claim, by=by, on=timezone.localdate(at))
    try:
        return vault.read(subject=claim.vault, place=place, by=by, at=at, reason=why)
    except (vault.Destroyed, vault.NothingThere, vault.NoVault) as refused:
        raise Gone(_("These papers are no longer there: they were destroyed when their time was over.")) from refused


_NAMES = {
    BODY: gettext_lazy("The words sent with it"),
    DEVIATION: gettext_lazy("Why the officers decided otherwise"),
    "appeal": gettext_lazy("The words for the jurors"),
    "letter": gettext_lazy("The letter"),
}


def label(place: str) -> str:
    """What a place is called that is no evidence."""
    return str(_NAMES[place.partition("/")[0]])


def holds_words(place: str) -> bool:
    """Whether a place holds text that is shown on a page; the others hold files."""
    return place.partition("/")[0] in (BODY, DEVIATION)


def looks(claim: Claim) -> list[Look]:
    """Who opened what of a claim, newest first."""
    found = vault.openings(claim.vault)
    names = people.names(look.by for look in found if look.reason != Why.JUROR)
    kinds = {one.place: one.get_kind_display() for one in claim.evidence.all()}
    return [
        Look(
            str(kinds.get(look.place) or label(look.place)), names.get(look.by, _("A juror")), look.at,
            str(Why(look.reason).label),
        )
        for look in found
    ]  # fmt: skip

"""Letters to those whom a run paid: how much, where it was less than approved why, and what was made up later."""

from __future__ import annotations

from django.db import transaction
from django.utils import translation

from mutual import formats
from mutual.mail import letters
from pooling.claims.models import Instalment
from pooling.payouts.models import MadeUp, Payout, PayRun, TopUp


def tell(*, number: str, after: int, upto: int) -> int:
    """Write a letter for each payout in a range of ids, each once; returns how many were paid."""
    run = PayRun.objects.select_related("fund").get(number=number)
    found = Payout.objects.select_related("instalment__claim__member").filter(
        run=run, pk__gt=after, pk__lte=upto, instalment__state=Instalment.State.PAID
    )
    told = 0
    for one in found.order_by("pk").iterator(chunk_size=500):
        _send(
            one.instalment, run, key=f"payrun/{number}", template="emails/benefit_paid",
            said={
                "whole": run.is_whole, "share": run.money(one.share + one.gift), "left": run.money(one.due - one.share)
            },
        )  # fmt: skip
        told += 1
    return told


def tell_made_up(*, decision: str) -> int:
    """Write a letter for each instalment for which a decision made up something, each once; returns how many."""
    made = TopUp.objects.select_related("run__fund").get(decision__number=decision)
    found = MadeUp.objects.select_related("payout__instalment__claim__member").filter(top_up=made)
    told = 0
    for one in found.order_by("pk").iterator(chunk_size=500):
        instalment, run = one.payout.instalment, made.run
        _send(
            instalment, run, key=f"payrun/{run.number}/{decision}", template="emails/shortfall_made_up",
            said={
                "decision": decision, "amount": run.money(one.amount),
                "left": run.money(instalment.amount_due - instalment.amount_paid),
            },
        )  # fmt: skip
        told += 1
    return told


def _send(instalment: Instalment, run: PayRun, *, key: str, template: str, said: dict[str, object]) -> None:
    """Write to whom an instalment is paid, in her language, once for a key."""
    claim = instalment.claim
    with transaction.atomic(), translation.override(claim.member.language):
        letters.send(
            key=f"{key}/{claim.number}/{instalment.place}", to=claim.member.email, template=template,
            language=claim.member.language, reader=claim.member.user_id,
            context={
                "member": claim.member, "number": claim.number, "fund": run.fund,
                "percent": formats.percent(run.index, 2), **said,
            },
        )  # fmt: skip

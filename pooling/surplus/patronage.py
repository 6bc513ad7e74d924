"""Members' own parts of a year's surplus, by what each worked in it: shared by decision, told in writing, paid in time.

Only where the rules of the year's last day say so (:mod:`pooling.surplus.rules`), and never for capital: who worked
nothing in the year gets nothing, whatever she holds. Two officers share the year in one entry; each member's part is
then credited by a run, in chunks, that can be killed anywhere.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum
from django.utils.translation import gettext as _

from members.governance import decisions
from members.governance.models import Decision
from members.models import Member
from mutual import formats
from mutual.jobs import queue, runs
from mutual.jobs.models import Run
from mutual.ledger import audit, balances, chart, journal
from mutual.ledger.kinds import Kind
from mutual.mail import letters
from mutual.money import Money, from_minor, minor
from mutual.trail import trail
from pooling import accounts, payments
from pooling.models import Charge, Fund
from pooling.surplus import rules, sharing
from pooling.surplus.models import Allocation, Patronage, Year
from pooling.treasury.models import BankAccount

SHARING = "SHARING"
CHUNK = 2_000
"""Members in one durable chunk."""


class PatronageRefused(Exception):
    """Nothing was changed; the message is a sentence for the person."""


class NoRules(PatronageRefused):
    """The rules of that year give members no part of their own."""


class NotClosed(PatronageRefused):
    """The year is not closed, so what it left is not known."""


class AlreadyShared(PatronageRefused):
    """The year is shared, or its sharing is proposed."""


class BooksClosed(PatronageRefused):
    """The books are closed today."""


class NotCredited(PatronageRefused):
    """The run that credits members with their parts is not finished."""


class NotThere(PatronageRefused):
    """There is less surplus, or less in the bank, than that."""


@dataclass(frozen=True)
class Shared:
    """How a year would be shared; minor units.

    :ivar parts: by purpose and fund
    :ivar members: each member's minutes and part, by her id
    """

    year: Year
    parts: dict[tuple[str, int | str | None], int]
    members: dict[int, tuple[int, int]]
    decision: str


def shared(
    *, label: str, own_work: Money, minutes: Mapping[int, int], by_rules_of: Decision | None = None
) -> Shared:  # fmt: skip
    """How the rules share what a closed year left.

    :param own_work: what members' own work earned; the rest of the year's result is everything else
    :param minutes: what each member worked in the year, by her id
    :param by_rules_of: the decision that set the rules, where they were chosen already; else those of its last day
    :raises NotClosed: if the year is not closed
    :raises NoRules: if the rules of its last day give members no part, or cannot divide it
    """
    year = Year.objects.filter(label=label).first()
    if year is None:
        raise NotClosed(_("Close the year first: then it is known what it left."))
    found = rules.in_force(year.last_day) if by_rules_of is None else (rules.of(by_rules_of), by_rules_of)
    if found is None or not found[0].to_members:
        raise NoRules(_("The rules of that year give members no part in their own names."))
    said, decision = found
    own = minor(own_work)
    try:
        parts = sharing.divide(said, own_work=own, other=minor(year.surplus) - own)
        whole = parts.get(("MEMBERS", None), 0)
        by_member = sharing.by_hours(whole, minutes) if whole else {}
    except sharing.RulesRefused as refused:
        raise NoRules(str(refused)) from refused
    members = {pk: (minutes[pk], part) for pk, part in by_member.items()}
    return Shared(year, parts, members, decision.number)


@transaction.atomic(durable=True)
def propose(
    *, label: str, own_work: Money, minutes: Mapping[int, int], ballot: str, text: str, by: int, on: dt.date
) -> Decision:
    """Propose to share a closed year as its rules say; a second officer confirms.

    :raises PatronageRefused: as :func:`shared`, or if it is shared already, or less is left than it was
    """
    found = shared(label=label, own_work=own_work, minutes=minutes)
    _not_shared(label)
    _is_there(found)
    return decisions.propose(
        kind=SHARING, subject=f"year-{label}", text=text, by=by, on=on,
        terms={
            "year": label, "ballot": ballot, "rules": found.decision, "own_work": minor(own_work),
            "minutes": {str(pk): count for pk, count in sorted(minutes.items()) if count},
        },
    )  # fmt: skip


def of(decision: Decision) -> Shared:
    """What a proposed sharing comes to: by the rules that it was proposed by, whatever was decided since."""
    said = decision.terms
    return shared(
        label=said["year"], own_work=from_minor(said["own_work"], settings.COOPERATIVE_CURRENCY),
        minutes={int(pk): count for pk, count in said["minutes"].items()},
        by_rules_of=_by_number(said["rules"]),
    )  # fmt: skip


def _not_shared(label: str) -> None:
    waiting = (Decision.State.PROPOSED, Decision.State.CONFIRMED)
    if Decision.objects.filter(kind=SHARING, subject=f"year-{label}", state__in=waiting).exists():
        raise AlreadyShared(_("%(year)s is shared, or its sharing is proposed.") % {"year": label})


def _is_there(found: Shared) -> None:
    unit = settings.COOPERATIVE_CURRENCY
    whole = sum(found.parts.values())
    there = minor(balances.of(accounts.surplus(unit)))
    if whole > there:
        raise NotThere(
            _("Only %(there)s of the surplus are left; the year left %(whole)s.")
            % {"there": formats.money(from_minor(max(there, 0), unit)), "whole": formats.money(from_minor(whole, unit))}
        )


@transaction.atomic(durable=True)
def confirm(*, decision_id: int, by: int, on: dt.date) -> Decision:
    """Share the year as the second officer: one entry by purpose; each member is credited with her part by a run that
    follows (:func:`share_out`), and has written notice of the whole of it.

    :raises members.governance.decisions.DecisionRefused: if decided, or proposed by the same person
    :raises PatronageRefused: if there is less surplus by now
    """
    with decisions.deciding(decision_id, kind=SHARING, by=by, on=on) as decision:
        unit = settings.COOPERATIVE_CURRENCY
        surplus = accounts.surplus(unit)
        chart.lock(surplus)
        found = of(decision)
        _is_there(found)
        try:
            with transaction.atomic():
                journal.post(
                    kind=Kind.SURPLUS_ALLOCATED, key=f"decision/{decision.number}/allocated", date=on,
                    recorded_by=by, document=decision.number,
                    transfers=[
                        journal.move(from_minor(amount, unit), debit=surplus, credit=_target(purpose, fund, unit))
                        for (purpose, fund), amount in found.parts.items()
                    ],
                )  # fmt: skip
        except journal.JournalRefused as refused:
            raise NotThere(str(refused)) from refused
        Allocation.objects.bulk_create(
            Allocation(
                decision=decision, place=place, purpose=purpose, fund_id=fund, amount=from_minor(amount, unit),
                allocated_on=on,
            )
            for place, ((purpose, fund), amount) in enumerate(found.parts.items())
        )  # fmt: skip
        _run(decision, found)
        queue.after_commit("pooling.surplus.tasks.share_out", decision_id=decision.pk, long=True)
    return decision


def _run(decision: Decision, found: Shared) -> Run:
    return runs.prepare(
        kind="sharing", key=found.year.label, title=_("Members' parts of %(year)s") % {"year": found.year.label},
        by=decision.decided_by_id, total=len(found.members), url=f"/surplus/{found.year.label}/",
    )  # fmt: skip


def share_out(
    *, decision_id: int, by: int | None, on: dt.date, chunk: int = CHUNK,
    on_progress: Callable[[Run], None] | None = None,
) -> Run:  # fmt: skip
    """Credit every member with her part of a year that was decided to be shared, in chunks of a transaction each.

    The parts follow from the decision, whoever asks. Killed anywhere, it is simply run again: who has hers is known.

    :raises BooksClosed: if the books are closed today
    :raises mutual.ledger.audit.BooksBroken: if the newest audit found something
    """
    audit.require_whole()
    decision = Decision.objects.get(pk=decision_id, kind=SHARING, state=Decision.State.CONFIRMED)
    found = of(decision)
    progress = _run(decision, found)
    members = sorted(found.members.items())
    progress = runs.start(progress, total=len(members))
    for start in range(0, len(members), chunk):
        try:
            done = _credit(decision_id=decision_id, found=found, part=members[start : start + chunk], by=by, on=on)
        except journal.PeriodClosed as refused:
            raise BooksClosed(str(refused)) from refused
        part = members[start : start + chunk]
        runs.advance(progress, done=len(part), known=len(part) - done, cursor=str(part[-1][0]))
        if on_progress:
            on_progress(progress)
    return runs.finish(progress)


@transaction.atomic(durable=True)
def _credit(
    *, decision_id: int, found: Shared, part: Sequence[tuple[int, tuple[int, int]]], by: int | None, on: dt.date
) -> int:  # fmt: skip
    """Credit the members of one chunk who have nothing of that year yet; returns how many."""
    # Whoever shares the same year at the same time comes one after the other.
    decision = Decision.objects.select_for_update().get(pk=decision_id)
    unit, label = settings.COOPERATIVE_CURRENCY, found.year.label
    known = set(
        Patronage.objects.filter(year=found.year, member__in=[pk for pk, _share in part]).values_list(
            "member_id", flat=True
        )
    )
    new = {pk: share for pk, share in part if pk not in known}
    if not new:
        return 0
    numbers = dict(Member.objects.filter(pk__in=new).values_list("pk", "number"))
    own, pot = accounts.patronages(sorted(numbers.items()), unit), accounts.patronage_shared(unit)
    journal.post_many(
        kind=Kind.SURPLUS_ALLOCATED, date=on, recorded_by=by,
        rows=(
            journal.Row(f"patronage/{label}/{numbers[pk]}/shared", pot.pk, own[pk], amount, unit, decision.number)
            for pk, (_minutes, amount) in new.items()
        ),
    )  # fmt: skip
    said = rules.of(_by_number(found.decision))
    first_by, rest_by = sharing.payment_days(said, found.year.last_day)
    Patronage.objects.bulk_create(
        Patronage(
            decision=decision, year=found.year, member_id=pk, minutes=minutes, amount=amount,
            first=sharing.first_payment(said, amount), first_by=first_by, rest_by=rest_by,
        )
        for pk, (minutes, amount) in new.items()
    )  # fmt: skip
    queue.after_commit("pooling.surplus.tasks.tell", label=label, after=part[0][0] - 1, upto=part[-1][0])
    return len(new)


def tell(*, label: str, after: int, upto: int) -> int:
    """Write to each member in a range of ids what her part of a year is, each once; returns to how many."""
    found = Patronage.objects.select_related("member", "year").filter(
        year__label=label, member_id__gt=after, member_id__lte=upto
    )
    told = 0
    for one in found.order_by("member_id").iterator(chunk_size=500):
        with transaction.atomic():
            letters.send(
                key=f"patronage/{label}/{one.member.number}", to=one.member.email, template="emails/patronage",
                context={"member": one.member, "part": one}, language=one.member.language, reader=one.member.user_id,
            )  # fmt: skip
        told += 1
    return told


def _by_number(number: str) -> Decision:
    """The decision that set the rules by which a year is shared."""
    return Decision.objects.get(kind=rules.KIND, number=number)


def _target(purpose: str, fund: int | str | None, unit: str) -> chart.Account:
    if purpose == "FUND":
        assert fund is not None, "A part for a fund names it."
        return Fund.objects.select_related("account__currency").get(pk=fund).account
    if purpose == "MEMBERS":
        return accounts.patronage_shared(unit)
    return accounts.reserve(unit) if purpose == "RESERVE" else accounts.dues_relief(unit)


@transaction.atomic(durable=True)
def pay(*, label: str, bank_id: int, rest: bool, by: int, on: dt.date) -> Money:
    """Pay everybody the first part of a year's sharing, or the rest; returns what was paid now. Again pays nothing.

    :raises NotCredited: if not everybody's part is credited yet
    :raises NotThere: if the bank account holds less
    :raises mutual.ledger.audit.BooksBroken: if the newest audit found something
    """
    audit.require_whole()
    unit = settings.COOPERATIVE_CURRENCY
    if balances.of(accounts.patronage_shared(unit)).amount:
        raise NotCredited(
            _(
                "Not every member is credited with her part yet. That goes on by itself, or an officer lets it go on "
                "under “Runs”; try again then."
            )
        )
    bank = BankAccount.objects.select_related("account__currency").get(pk=bank_id)
    found = list(
        Patronage.objects.select_for_update(of=("self",))
        .select_related("member", "decision")
        .filter(year__label=label, redeemed_on=None)
        .order_by("pk")
    )
    step = "rest" if rest else "first"
    due = [(one, (one.amount if rest else one.first) - one.paid) for one in found]
    due = [(one, amount) for one, amount in due if amount > 0]
    whole = sum(amount for _one, amount in due)
    if bank.currency != unit or minor(balances.of(bank.account)) < whole:
        raise NotThere(
            _("That bank account does not hold the %(whole)s to pay.")
            % {"whole": formats.money(from_minor(whole, unit))}
        )
    own = accounts.patronages([(one.member_id, one.member.number) for one, _amount in due], unit)
    journal.post_many(
        kind=Kind.PATRONAGE_PAID, date=on, recorded_by=by,
        rows=[
            journal.Row(
                f"patronage/{label}/{one.member.number}/{step}", own[one.member_id], bank.account_id, amount, unit,
                one.decision.number,
            )
            for one, amount in due
        ],
    )  # fmt: skip
    for one, amount in due:
        one.paid += amount
    Patronage.objects.bulk_update([one for one, _amount in due], ["paid"], batch_size=2_000)
    if due:
        trail.record(
            by=by,
            did="PATRONAGE_PAID",
            subject=f"year-{label}",
            detail={**trail.amount(from_minor(whole, unit)), "step": step},
        )
    return from_minor(whole, unit)


@transaction.atomic(durable=True)
def redeem(*, member_id: int, bank_id: int, by: int, on: dt.date) -> Money:
    """Pay whoever has left what is still held for her: less the dues she owes, which it pays, with interest since then.

    Returns what went out of the bank. Again pays nothing.

    :raises PatronageRefused: if she is still a member
    :raises NotThere: if the bank account holds less
    """
    audit.require_whole()
    unit = settings.COOPERATIVE_CURRENCY
    member = Member.objects.select_for_update().get(pk=member_id)
    if member.left_on is None:
        raise PatronageRefused(_("She is still a member: her part is paid with everybody's."))
    found = list(
        Patronage.objects.select_for_update(of=("self",))
        .select_related("year", "decision")
        .filter(member=member, redeemed_on=None, paid__lt=F("amount"))
        .order_by("pk")
    )
    held = sum(one.amount - one.paid for one in found)
    if not held:
        return from_minor(0, unit)
    said = rules.of(_by_number(found[-1].decision.terms["rules"]))
    owed = min(_owed(member_id, unit), held)
    days = max((on - member.left_on).days, 0)
    goes_out = sharing.on_leaving(said, held=held, owed=owed, days=days)
    bank = BankAccount.objects.select_related("account__currency").get(pk=bank_id)
    if bank.currency != unit or minor(balances.of(bank.account)) < goes_out:
        raise NotThere(_("That bank account does not hold enough."))
    own = accounts.patronage(member.number, unit, member.pk)
    parts = (
        (owed, own, accounts.of_member("prepayments", member.number, unit)), (held - owed, own, bank.account),
        (goes_out - (held - owed), accounts.patronage_interest(unit), bank.account),
    )  # fmt: skip
    journal.post(
        kind=Kind.PATRONAGE_REDEEMED, key=f"patronage/{member.number}/redeemed-{found[0].pk}", date=on,
        recorded_by=by, document=found[0].decision.number,
        transfers=[
            journal.move(from_minor(amount, unit), debit=debit, credit=credit)
            for amount, debit, credit in parts
            if amount
        ],
    )  # fmt: skip
    if owed:
        payments.spend_ahead({member.pk: f"patronage/{member.number}/set-off-{found[0].pk}"}, on=on, by=by)
    for one in found:
        one.paid, one.redeemed_on = one.amount, on
        one.save(update_fields=["paid", "redeemed_on"])
    trail.record(by=by, did="PATRONAGE_REDEEMED", subject=member.number)
    return from_minor(goes_out, unit)


def _owed(member_id: int, unit: str) -> int:
    found = Charge.objects.filter(member_id=member_id, version__amount_currency=unit).aggregate(
        owed=Sum(F("amount") - F("paid") - F("written_off"))
    )
    return int(found["owed"] or 0)

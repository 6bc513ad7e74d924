"""Pages about years and their surplus."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from members.governance import decisions
from members.governance import pages as proposing
from mutual import access, clock, formats
from mutual.access import Role
from mutual.ledger import audit
from mutual.pages import forms as pages
from mutual.periods import month
from pooling.surplus import patronage, relief, reports, years
from pooling.surplus.forms import AllocationForm, CloseForm, RedeemForm, ReliefForm, SharePayForm, SharingForm

EVERYBODY = (Role.MEMBER, Role.TREASURER, Role.CLAIMS_OFFICER, Role.AUDITOR, Role.ADMINISTRATOR)
MONEY = (Role.TREASURER, Role.ADMINISTRATOR)
_CONFIRM = {
    years.CLOSING: years.confirm_closing, years.ALLOCATION: years.confirm_allocation,
    patronage.SHARING: patronage.confirm,
}  # fmt: skip


def _can_write(request: HttpRequest) -> bool:
    return bool(request.user.roles & set(MONEY))  # type: ignore[union-attr]


@access.roles(*EVERYBODY)
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """Years, what they left, and where it went."""
    writes = _can_write(request)
    context = {
        "years": reports.years_so_far(clock.today()),
        "went": reports.where_it_went(),
        "left": reports.left(),
        "relief": reports.relief_left(),
        "rules": reports.rules_now(clock.today()),
        "shared": reports.years_shared() if writes else [],
        "member": Role.MEMBER in request.user.roles,  # type: ignore[union-attr]
        "pays": Role.TREASURER in request.user.roles,  # type: ignore[union-attr]
        "proposals": [
            (one, reports.proposed(one), reports.proposed_sharing(one)) for one in decisions.waiting(*_CONFIRM)[:50]
        ]
        if writes
        else [],
        "can_write": writes,
        "me": request.user.pk,
    }
    return render(request, "surplus/overview.html", context)


def _year(label: str) -> reports.YearView:
    try:
        return reports.year(label, clock.today())
    except years.YearRefused as error:
        raise Http404 from error


@access.roles(*EVERYBODY)
@require_GET
def year(request: HttpRequest, label: str) -> HttpResponse:
    """One year: income, expense and what is left."""
    view = reports.with_chart(_year(label), clock.today())
    writes = _can_write(request)
    context = {"view": view, "can_write": writes, "shares": writes and reports.can_be_shared(view)}
    return render(request, "surplus/year.html", context)


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def close(request: HttpRequest, label: str) -> HttpResponse:
    """Propose to close a year."""
    view = _year(label)
    return proposing.propose(
        request, CloseForm(request.POST or None),
        lambda said: years.propose_closing(
            label=label, text=said["text"], by=access.acting(request), on=clock.today()
        ),
        refused=(years.YearRefused, audit.BooksBroken), then=lambda made: reverse("surplus:overview"),
        heading=_("Close %(year)s") % {"year": label},
        lead=_("Its result is %(result)s. Once confirmed, nothing dated in it can be recorded any more.")
        % {"result": formats.money(view.result)},
        submit=_("Propose to close it"), back=reverse("surplus:overview"), back_words=_("Surplus"),
    )  # fmt: skip


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def allocate(request: HttpRequest) -> HttpResponse:
    """Propose what the surplus is for."""
    form, seen = AllocationForm(request.POST or None, initial=reports.by_the_rules(clock.today())), None
    if request.method == "POST" and form.is_valid() and "look" in request.POST:
        seen = reports.preview(form.parts())
    elif request.method == "POST" and form.is_valid():
        try:
            years.propose_allocation(
                parts=form.parts(), text=form.cleaned_data["text"], ballot=form.cleaned_data["ballot"],
                by=access.acting(request), on=clock.today(),
            )  # fmt: skip
        except years.YearRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Proposed. Another officer confirms it; nothing has been booked yet."))
            return redirect("surplus:overview")
    context = {"form": form, "seen": seen, "left": reports.left()}
    return render(request, "surplus/allocate.html", context, status=422 if form.errors else 200)


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def share(request: HttpRequest, label: str) -> HttpResponse:
    """Propose to share a closed year as its rules say: first what it comes to, then the proposal."""
    view = _year(label)
    form, seen = SharingForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            if "look" in request.POST:
                seen = reports.sharing(patronage.shared(label=label, own_work=said["own_work"], minutes=said["hours"]))
            else:
                patronage.propose(
                    label=label, own_work=said["own_work"], minutes=said["hours"], ballot=said["ballot"],
                    text=said["text"], by=access.acting(request), on=clock.today(),
                )  # fmt: skip
                messages.success(request, _("Proposed. Another officer confirms it; nothing has been booked yet."))
                return redirect("surplus:overview")
        except patronage.PatronageRefused as refused:
            form.add_error(None, str(refused))
    context = {"form": form, "seen": seen, "view": view}
    return render(request, "surplus/share.html", context, status=422 if form.errors else 200)


@access.roles(Role.TREASURER)
@require_http_methods(["GET", "POST"])
def pay_parts(request: HttpRequest, label: str) -> HttpResponse:
    """Pay members the first part of what a year was shared to them, or the rest."""
    form = SharePayForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            paid = patronage.pay(
                label=label, bank_id=form.cleaned_data["bank"].pk, rest=form.cleaned_data["rest"],
                by=access.acting(request), on=clock.today(),
            )  # fmt: skip
        except (patronage.PatronageRefused, audit.BooksBroken) as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Paid: %(amount)s.") % {"amount": formats.money(paid)})
            return redirect("surplus:overview")
    return pages.page(
        request, form, heading=_("Pay members' parts of %(year)s") % {"year": label},
        lead=_("What was paid before is not paid again."), submit=_("Pay them"), back=reverse("surplus:overview"),
        back_words=_("Surplus"),
    )  # fmt: skip


@access.roles(Role.TREASURER)
@require_http_methods(["GET", "POST"])
def redeem(request: HttpRequest) -> HttpResponse:
    """Settle what is still held for somebody who left."""
    form = RedeemForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            paid = patronage.redeem(
                member_id=form.cleaned_data["number"].pk, bank_id=form.cleaned_data["bank"].pk,
                by=access.acting(request), on=clock.today(),
            )  # fmt: skip
        except (patronage.PatronageRefused, audit.BooksBroken) as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Paid: %(amount)s.") % {"amount": formats.money(paid)})
            return redirect("surplus:overview")
    return pages.page(
        request, form, heading=_("Settle with somebody who left"),
        lead=_("What is held for her pays the dues she owes first; the rest goes to her, with interest by the rules."),
        submit=_("Settle it"), back=reverse("surplus:overview"), back_words=_("Surplus"),
    )  # fmt: skip


@access.roles(Role.MEMBER)
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """My own parts of shared years."""
    member = request.user.member_or_none  # type: ignore[union-attr]
    if member is None:
        raise Http404
    return render(request, "surplus/mine.html", {"parts": reports.parts_of(member.pk)})


@access.roles(*MONEY)
@require_POST
def answer(request: HttpRequest, number: str) -> HttpResponse:
    """Confirm or decline a proposal as the second officer."""
    decision = proposing.find(number, _CONFIRM)
    refused = (years.YearRefused, patronage.PatronageRefused, audit.BooksBroken)
    proposing.answer(request, decision, _CONFIRM[decision.kind], refused=refused)
    return redirect("surplus:overview")


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def relieve(request: HttpRequest) -> HttpResponse:
    """Pay a period's open dues from dues relief."""
    form = ReliefForm(request.POST or None, initial={"period": month(clock.today()).label})
    if request.method == "POST" and form.is_valid():
        try:
            run = relief.request_run(
                period=form.cleaned_data["period"], currency=settings.COOPERATIVE_CURRENCY,
                by=access.acting(request), on=clock.today(),
            )  # fmt: skip
        except (relief.ReliefRefused, audit.BooksBroken) as refused:
            form.add_error("period", str(refused))
        else:
            return redirect("run", run.pk)
    return pages.page(
        request, form, heading=_("Relieve dues"),
        lead=_("%(left)s are set aside for dues. Everybody's open charge is paid by the same part.")
        % {"left": formats.money(reports.relief_left())},
        submit=_("Pay them"), back=reverse("surplus:overview"), back_words=_("Surplus"),
    )  # fmt: skip

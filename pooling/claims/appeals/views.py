"""Pages about appeals: the claimant's, and the jurors'."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from members.models import Member
from mutual import access, clock
from mutual.access import Role
from mutual.vault import vault
from pooling.claims.appeals import appeals, reports
from pooling.claims.appeals.forms import AppealForm, VoteForm
from pooling.claims.appeals.models import Appeal, Juror
from pooling.claims.models import Claim


def _me(request: HttpRequest) -> Member:
    member: Member | None = request.user.member_or_none  # type: ignore[union-attr]
    if member is None:
        raise Http404
    return member


def _own(request: HttpRequest, number: str) -> Appeal:
    return get_object_or_404(
        Appeal.objects.select_related("claim__fund", "claim__member"), number=number, claim__member=_me(request)
    )


@access.roles(Role.MEMBER)
@require_POST
def begin(request: HttpRequest, number: str) -> HttpResponse:
    """Begin an appeal against the decision about my claim."""
    claim = get_object_or_404(Claim, number=number, member=_me(request))
    try:
        made = appeals.begin(claim_id=claim.pk, by=access.acting(request), on=clock.today())
    except appeals.AppealRefused as refused:
        messages.error(request, str(refused))
        return redirect("claims:mine", number)
    return redirect("appeals:appeal", made.number)


@access.roles(Role.MEMBER)
@require_http_methods(["GET", "POST"])
def appeal(request: HttpRequest, number: str) -> HttpResponse:
    """My appeal: hand it in, then how it goes."""
    mine = _own(request, number)
    form = AppealForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            appeals.file(appeal_id=mine.pk, **form.cleaned_data, by=access.acting(request), on=clock.today())
        except appeals.AppealRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Handed in. The jury is drawn; you will get a letter."))
            return redirect("appeals:appeal", number)
    context = {**reports.for_claimant(mine), "form": form}
    return render(request, "appeals/appeal.html", context, status=422 if form.errors else 200)


@access.roles(Role.MEMBER)
@require_POST
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    """Take my appeal back."""
    mine = _own(request, number)
    try:
        appeals.withdraw(appeal_id=mine.pk, by=access.acting(request))
    except appeals.AppealRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Withdrawn."))
    return redirect("appeals:appeal", number)


@access.roles(Role.MEMBER)
@require_GET
def juries(request: HttpRequest) -> HttpResponse:
    """Where I sit, or sat."""
    return render(
        request,
        "appeals/juries.html",
        {"seats": [(seat, seat.over(clock.today())) for seat in reports.sat(_me(request).pk)]},
    )


@access.roles(Role.MEMBER)
@require_http_methods(["GET", "POST"])
def jury(request: HttpRequest, number: str) -> HttpResponse:
    """An appeal as its jurors see it: facts in bands, nobody's name; and the answer."""
    seat = get_object_or_404(
        Juror.objects.select_related("appeal__claim__fund"), appeal__number=number, member=_me(request)
    )
    if seat.over(clock.today()):
        # Whoever no longer sits reads nothing more of the case, and is told so where her letter led her.
        return render(request, "appeals/jury_over.html", {"seat": seat, "appeal": seat.appeal})
    form = VoteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            appeals.answer(
                appeal_id=seat.appeal_id, vote=form.cleaned_data["vote"], by=access.acting(request), on=clock.today()
            )
        except appeals.AppealRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Thank you. Nobody is told what you answered."))
            return redirect("appeals:jury", number)
    words = ""
    if request.method == "GET" and not seat.vote and seat.appeal.state == Appeal.State.SITTING:
        words = _words(request, seat)
    context = {"seat": seat, "appeal": seat.appeal, "facts": reports.banded(seat.appeal), "words": words, "form": form}
    answer = render(request, "appeals/jury.html", context, status=422 if form.errors else 200)
    answer["Cache-Control"] = "no-store, private"
    return answer


def _words(request: HttpRequest, seat: Juror) -> str:
    """What the claimant wrote to the jurors; that this juror read it is written down."""
    try:
        return vault.read(
            subject=seat.appeal.claim.vault, place=appeals.WORDS, by=access.acting(request), at=clock.now(),
            reason="JUROR",
        ).decode()  # fmt: skip
    except (vault.NothingThere, vault.NoVault, vault.Destroyed):
        return ""

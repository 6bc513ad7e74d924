"""Pages about claims: a member's own, and the officers' desk."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from members.models import Member
from mutual import access, clock
from mutual.access import Role
from mutual.pages import forms as pages
from pooling.claims import claims
from pooling.claims.forms import ApproveForm, ClaimForm, RefuseForm
from pooling.claims.models import Claim

PAGE = 50


def _me(request: HttpRequest) -> Member:
    member: Member | None = request.user.member_or_none  # type: ignore[union-attr]
    if member is None:
        raise Http404
    return member


@access.roles(Role.MEMBER)
@require_GET
def my_claims(request: HttpRequest) -> HttpResponse:
    """A member's own claims."""
    found = Claim.objects.select_related("fund").filter(member=_me(request)).order_by("-id")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    return render(request, "claims/mine.html", {"page": page})


@access.roles(Role.MEMBER)
@require_http_methods(["GET", "POST"])
def claim_new(request: HttpRequest) -> HttpResponse:
    """Submit a claim."""
    me = _me(request)
    form = ClaimForm(request.POST or None, currency=me.currency, today=clock.today())
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            claim = claims.submit(
                member_id=me.pk, fund_id=said["fund"].pk, occasion=said["occasion"], first_day=said["first_day"],
                last_day=said["last_day"], amount=said["amount"], form_key=said["form_key"],
                by=access.acting(request), on=clock.today(),
            )  # fmt: skip
        except claims.ClaimRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Submitted. Two officers decide; you will get a letter."))
            return redirect("claims:mine", claim.number)
    return pages.page(
        request, form, heading=_("Claim a benefit"),
        lead=_("Two officers decide about it. Only they see it; what is booked carries its number, never your name."),
        submit=_("Submit"), back=reverse("claims:my_claims"), back_words=_("My claims"),
        note=" ".join(
            [
                _("A fund can give only what it holds above its floor."),
                *(f"{fund.name}: {fund.promise_sentence}" for fund in form.fields["fund"].queryset),  # type: ignore[attr-defined]
            ]
        ),
    )  # fmt: skip


@access.roles(Role.MEMBER)
@require_GET
def mine(request: HttpRequest, number: str) -> HttpResponse:
    """One of my claims."""
    claim = get_object_or_404(Claim.objects.select_related("fund"), number=number, member=_me(request))
    return render(request, "claims/claim.html", {"claim": claim, "open": claim.status in Claim.OPEN})


@access.roles(Role.MEMBER)
@require_POST
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    """Take my claim back."""
    claim = get_object_or_404(Claim, number=number, member=_me(request))
    try:
        claims.withdraw(claim_id=claim.pk, by=access.acting(request), on=clock.today())
    except claims.ClaimRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Withdrawn."))
    return redirect("claims:mine", number)


@access.roles(Role.CLAIMS_OFFICER, Role.TREASURER)
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    """Claims that wait; for treasurers, what is approved and to be paid: numbers and amounts only."""
    roles = request.user.roles  # type: ignore[union-attr]
    decides, pays = Role.CLAIMS_OFFICER in roles, Role.TREASURER in roles
    found = Claim.objects.select_related("fund").order_by("id")
    context = {
        "decides": decides,
        "pays": pays,
        "waiting": found.filter(status__in=[Claim.Status.SUBMITTED, Claim.Status.PROPOSED])[:200] if decides else [],
        "to_pay": found.filter(status=Claim.Status.APPROVED)[:200] if pays else [],
        "page": Paginator(
            found.filter(status__in=[Claim.Status.PAID, Claim.Status.REFUSED]).order_by("-id"), PAGE
        ).get_page(request.GET.get("page")),
    }
    return render(request, "claims/desk.html", context)


@access.roles(Role.CLAIMS_OFFICER)
@require_http_methods(["GET", "POST"])
def decide(request: HttpRequest, number: str) -> HttpResponse:
    """Decide about a claim: approve first, confirm, send back or refuse."""
    claim = get_object_or_404(
        Claim.objects.select_related("member", "fund__account__currency", "proposed_by", "decided_by"), number=number
    )
    if claim.member.user_id == request.user.pk:
        raise Http404
    approve_form, refuse_form = ApproveForm(claimed=claim.amount_claimed), RefuseForm()
    if request.method == "POST":
        by, on, answer = access.acting(request), clock.today(), request.POST.get("answer", "")
        try:
            if answer == "propose":
                approve_form = ApproveForm(request.POST, claimed=claim.amount_claimed)
                if approve_form.is_valid():
                    claims.propose(claim_id=claim.pk, amount=approve_form.cleaned_data["amount"], by=by, on=on)
            elif answer == "confirm":
                claims.approve(claim_id=claim.pk, by=by, on=on)
            elif answer == "back":
                claims.send_back(claim_id=claim.pk, by=by)
            elif answer == "refuse":
                refuse_form = RefuseForm(request.POST)
                if refuse_form.is_valid():
                    claims.refuse(claim_id=claim.pk, reason=refuse_form.cleaned_data["reason"], by=by, on=on)
            else:
                raise Http404
        except claims.ClaimRefused as refused:
            messages.error(request, str(refused))
            return redirect("claims:decide", number)
        if not approve_form.errors and not refuse_form.errors:
            messages.success(request, _("Noted."))
            return redirect("claims:decide", number)
    earlier = Claim.objects.filter(member=claim.member).exclude(pk=claim.pk).order_by("-id")[:10]
    context = {
        "claim": claim,
        "room": claims.room_in(claim.fund),
        "earlier": earlier,
        "approve_form": approve_form,
        "refuse_form": refuse_form,
        "second": claim.status == Claim.Status.PROPOSED and claim.proposed_by_id != request.user.pk,
        "proposed_by": claim.proposed_by.display_name if claim.proposed_by else "",
        "decided_by": claim.decided_by.display_name if claim.decided_by else "",
        "days": (claim.last_day - claim.first_day).days + 1,
    }
    bad = bool(approve_form.errors or refuse_form.errors)
    return render(request, "claims/decide.html", context, status=422 if bad else 200)

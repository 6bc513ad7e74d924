"""Pages about buffers: a member's own, and the office's."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from members.governance import pages as proposing
from members.models import Member
from mutual import access, clock
from mutual.access import Role
from mutual.ledger import audit
from mutual.pages import downloads
from pooling.buffers import reports, returns, rules
from pooling.buffers.forms import RuleForm
from pooling.models import Fund

MONEY = (Role.TREASURER, Role.ADMINISTRATOR)
SEEING = (*MONEY, Role.AUDITOR)


@access.roles(Role.MEMBER)
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """A member's own buffers: what each holds, what it may hold, what went back."""
    member: Member | None = request.user.member_or_none  # type: ignore[union-attr]
    if member is None:
        raise Http404
    return render(request, "buffers/mine.html", {"buffers": returns.of_member(member.pk, clock.today())})


@access.roles(*SEEING)
@require_GET
def buffer_list(request: HttpRequest) -> HttpResponseBase:
    """Every fund's buffers, their rule, and returning what is too much."""
    if downloads.wanted(request):
        rows = reports.buffer_rows(clock.today())
        return downloads.table(request, f"buffers-{clock.today()}", reports.BUFFER_COLUMNS, rows)
    funds = reports.funds(clock.today())
    shown = [one.fund.pk for one in funds]
    context = {
        "funds": funds,
        "others": Fund.objects.filter(closed_on=None, buffer_rules=None).exclude(pk__in=shown).order_by("name"),
        "can_write": bool(request.user.roles & set(MONEY)),  # type: ignore[union-attr]
    }
    return render(request, "buffers/buffers.html", context)


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def rule(request: HttpRequest, slug: str) -> HttpResponse:
    """Propose a rule for a fund's buffers."""
    fund = get_object_or_404(Fund, slug=slug)
    today = clock.today()
    now = rules.in_force(fund.pk, today)
    first: dict[str, object] = {"valid_from": today.replace(month=1, day=1)}
    if now is not None:
        first = {
            "deposits": now.deposits, "month": now.month, "day": now.day, "return_after": now.return_after,
            "valid_from": today,
        }  # fmt: skip
    form = RuleForm(request.POST or None, initial=first)
    return proposing.propose(
        request, form, lambda said: rules.propose(fund_id=fund.pk, by=access.acting(request), on=today, **said),
        refused=rules.RuleRefused, then=lambda made: reverse("treasury:correction", args=[made.number]),
        done=_("Proposed. Another officer confirms it; until then nothing changes."),
        heading=_("Rule for buffers in %(fund)s") % {"fund": fund.name},
        lead=_("What a member's own buffer may hold. What is above it on the day goes back to her."),
        back=reverse("buffers:buffers"), back_words=_("Buffers"),
    )  # fmt: skip


@access.roles(*MONEY)
@require_POST
def return_excess(request: HttpRequest, slug: str) -> HttpResponse:
    """Have what is above the cap returned now."""
    fund = get_object_or_404(Fund, slug=slug)
    try:
        run = returns.request(fund_id=fund.pk, by=access.acting(request), on=clock.today())
    except (returns.ReturnRefused, audit.BooksBroken) as refused:
        messages.error(request, str(refused))
        return redirect("buffers:buffers")
    return redirect("run", run.pk)

"""Pages about rules: what a member would get today, what the rules of a fund are, and what a change would do."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from members.governance import pages as proposing
from members.governance.models import Decision
from members.models import Member
from mutual import access, clock
from mutual.access import Role
from pooling.benefits import covers, reports, rules, schemes
from pooling.benefits.forms import BenefitForm, ComesInForm, CoverForm, first
from pooling.benefits.models import Cover
from pooling.benefits.terms import Terms
from pooling.models import Fund

EVERYBODY = (Role.MEMBER, Role.TREASURER, Role.CLAIMS_OFFICER, Role.AUDITOR, Role.ADMINISTRATOR)
MONEY = (Role.TREASURER, Role.ADMINISTRATOR)
OFFICE = (Role.TREASURER, Role.CLAIMS_OFFICER, Role.AUDITOR, Role.ADMINISTRATOR)


def _can_write(request: HttpRequest) -> bool:
    return bool(request.user.roles & set(MONEY))  # type: ignore[union-attr]


@access.roles(Role.MEMBER)
@require_GET
def if_ill(request: HttpRequest) -> HttpResponse:
    """If I fell ill today: every fund, how much, from when, how long, and why."""
    member: Member | None = request.user.member_or_none  # type: ignore[union-attr]
    if member is None:
        raise Http404
    today = clock.today()
    asked = reports.asked_if_ill(member, today)
    form = ComesInForm(request.GET if any(name in request.GET for name in asked) else None, asked=asked,
                       currency=member.currency)  # fmt: skip
    found = reports.if_ill(member, today, comes_in=form.comes_in())
    context = {
        "today": today,
        "form": form if asked else None,
        "ill": [one for one in found if one.covers_illness],
        "others": [one for one in found if not one.covers_illness],
    }
    return render(request, "benefits/if_ill.html", context)


@access.roles(*EVERYBODY)
@require_GET
def rules_page(request: HttpRequest, slug: str) -> HttpResponse:
    """A fund's rules, with what was before and the decision that set each version."""
    fund = get_object_or_404(Fund, slug=slug)
    writes = _can_write(request)
    officer = bool(request.user.roles & set(OFFICE))  # type: ignore[union-attr]
    found = reports.rules_of(fund, clock.today())
    terms = rules.read(found.history[0].terms) if found.history else None
    context = {
        "view": found,
        "can_write": writes,
        "officer": officer,
        "benefits": terms.benefits if terms else (),
        "ready": [schemes.scheme(name) for name in schemes.names(with_rules=True)] if writes and not terms else [],
    }
    return render(request, "benefits/rules.html", context)


def _base(fund: Fund, scheme: str) -> Terms | None:
    """What a proposal starts from: a ready-made scheme, or the newest version."""
    if scheme:
        if scheme not in schemes.names(with_rules=True):
            raise Http404
        return schemes.scheme(scheme).terms
    newest = fund.rules.order_by("-number").first()
    return rules.read(newest.terms) if newest else None


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def propose(request: HttpRequest, slug: str) -> HttpResponse:
    """Change or add a benefit: first see what it would have done, then propose it."""
    fund = get_object_or_404(Fund, slug=slug, closed_on=None)
    today = clock.today()
    scheme, rule = request.GET.get("scheme", ""), request.GET.get("benefit", "")
    # A change of several benefits is carried from form to form, checked each time, and proposed as one.
    draft = request.POST.get("draft", "")
    base, rule = (_draft(draft), request.POST.get("benefit", "")) if draft else (_base(fund, scheme), rule)
    benefit = next((one for one in base.benefits if one.rule == rule), None) if base else None
    if rule and benefit is None:
        raise Http404
    if scheme and base and benefit is None and not draft:
        benefit, rule = base.benefits[0], base.benefits[0].rule
    form = BenefitForm(request.POST or None, currency=fund.currency, initial=first(benefit, base, today))
    context: dict[str, Any] = {
        "fund": fund, "form": form, "rule": rule, "title": benefit.title if benefit else "", "draft": draft,
        "benefits": base.benefits if base else (),
    }  # fmt: skip
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            terms = form.terms(base, rule)
            if "next" in request.POST:
                return _another(request, fund, rules.read(terms), form, today)
            if request.POST.get("answer") == "propose":
                decision = rules.propose(
                    fund_id=fund.pk, terms=terms, text=said["text"], why=said["why"], valid_from=said["valid_from"],
                    by=access.acting(request), on=today,
                )  # fmt: skip
                messages.success(request, _("Proposed. Another officer adopts it; the rules are as they were."))
                return redirect("benefits:proposal", decision.number)
            found = rules.read(terms)
            current = fund.rules.order_by("-number").first()
            context |= {
                "effect": reports.effect_of(fund, found, today),
                "changes": reports.changes(rules.read(current.terms) if current else None, found),
            }
        except rules.TermsNotPossible as refused:
            place, _colon, sentence = str(refused).partition(": ")
            names = [name for name in place.split(".") if name in form.fields]
            form.add_error(names[-1] if names else None, sentence if names else str(refused))
        except rules.RulesRefused as refused:
            form.add_error(None, str(refused))
    return render(request, "benefits/propose.html", context, status=422 if form.errors else 200)


def _draft(text: str) -> Terms:
    """Rules that are being changed, as the form carries them.

    :raises Http404: if they are none
    """
    try:
        return rules.read(json.loads(text))
    except (ValueError, rules.RulesRefused) as error:
        raise Http404 from error


def _another(request: HttpRequest, fund: Fund, terms: Terms, form: BenefitForm, today: dt.date) -> HttpResponse:
    """The form of another benefit, with what was changed before kept for the same proposal."""
    wanted = request.POST["next"]
    benefit = next((one for one in terms.benefits if one.rule == wanted), None)
    if wanted and benefit is None:
        raise Http404
    begun = {name: form.cleaned_data[name] for name in form.LAST}
    fresh = BenefitForm(currency=fund.currency, initial=first(benefit, terms, today) | begun)
    current = fund.rules.order_by("-number").first()
    context = {
        "fund": fund, "form": fresh, "rule": wanted, "title": benefit.title if benefit else "",
        "draft": json.dumps(terms.to_json()), "benefits": terms.benefits,
        "kept": reports.changes(rules.read(current.terms) if current else None, terms),
    }  # fmt: skip
    return render(request, "benefits/propose.html", context)


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def cover_page(request: HttpRequest, slug: str) -> HttpResponse:
    """What members are covered for in a fund: newest first, and a new choice from a day on."""
    fund = get_object_or_404(Fund, slug=slug, closed_on=None)
    today = clock.today()
    terms = _base(fund, "")
    if terms is None:
        raise Http404
    first_said = {"since": today, "number": request.GET.get("number", "")[:12]}
    form = CoverForm(request.POST or None, terms=terms, initial=first_said)
    if request.method == "POST" and form.is_valid():
        try:
            covers.choose(fund_id=fund.pk, by=access.acting(request), **form.said())
        except covers.CoverRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Noted. What was before that day stays as it was."))
            return redirect("benefits:covers", slug)
    chosen = Cover.objects.filter(fund=fund).select_related("member").order_by("-since", "-id")
    page = Paginator(chosen, 50).get_page(request.GET.get("page"))
    context = {"fund": fund, "form": form, "page": page, "levels": bool(terms.levels)}
    return render(request, "benefits/covers.html", context, status=422 if form.errors else 200)


@access.roles(*OFFICE)
@require_http_methods(["GET", "POST"])
def proposal(request: HttpRequest, number: str) -> HttpResponse:
    """A proposed version: what it says, what it changes, what it would have done; adopted or declined here."""
    decision = proposing.find(number, [rules.KIND])
    fund = get_object_or_404(Fund, pk=decision.terms["fund"])
    if request.method == "POST":
        if not _can_write(request):
            raise Http404
        done = {
            "confirm": _("Adopted. The rules hold from their day on."),
            "decline": _("Declined. The rules are as they were."),
        }  # fmt: skip
        if proposing.answer(request, decision, rules.adopt, refused=(rules.RulesRefused,), done=done):
            return redirect("benefits:rules", fund.slug)
        return redirect("benefits:proposal", number)
    terms = rules.read(decision.terms["terms"])
    waiting = decision.state == Decision.State.PROPOSED
    current = fund.rules.order_by("-number").first()
    context = {
        "decision": decision,
        "fund": fund,
        "text": decision.terms["text"],
        "valid_from": dt.date.fromisoformat(decision.terms["valid_from"]),
        "changes": reports.changes(rules.read(current.terms) if current else None, terms) if waiting else [],
        "effect": reports.effect_of(fund, terms, clock.today()) if waiting else None,
        "can_write": _can_write(request),
        "me": request.user.pk,
    }
    return render(request, "benefits/proposal.html", context)

"""The market, trades, and the open barter book."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from invoicing.barter import accounts, leaving, limits, listings, reports, trades
from invoicing.barter.forms import LimitForm, ListingForm, MarketForm, TradeForm
from invoicing.barter.models import LimitChange, Listing, Trade
from members.models import Member
from mutual import access, clock
from mutual.access import Role
from mutual.currencies import CREDIT, HOUR
from mutual.money import zero

PAGE = 25


def _me(request: HttpRequest) -> Member:
    member: Member | None = request.user.member_or_none  # type: ignore[union-attr]
    if member is None:
        raise Http404
    return member


@access.roles(Role.MEMBER)
@require_GET
def market(request: HttpRequest) -> HttpResponse:
    """Offers and wants of all members."""
    form = MarketForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    found = reports.market(
        kind=asked.get("kind", ""), category=asked.get("category", ""), words=asked.get("q", ""), on=clock.today()
    )
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    kept = request.GET.copy()
    kept.pop("page", None)
    query = f"{kept.urlencode()}&" if kept else ""
    return render(request, "barter/market.html", {"form": form, "page": page, "query": query, "me": _me(request)})


@access.roles(Role.MEMBER)
@require_http_methods(["GET", "POST"])
def listing_new(request: HttpRequest) -> HttpResponse:
    """Publish an offer or a want."""
    form = ListingForm(request.POST or None, initial={"kind": request.GET.get("kind", "OFFER")})
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        hours = said["price_hours"]
        try:
            listing = listings.publish(
                member_id=_me(request).pk, kind=said["kind"], category=said["category"], title=said["title"],
                text=said["text"], price_credit=said["price_credit"],
                price_minutes=int(hours.amount) if hours is not None else None,
                by=access.acting(request), on=clock.today(),
            )  # fmt: skip
        except listings.ListingRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Published. Other members see it now."))
            return redirect("barter:listing", listing.pk)
    return render(request, "barter/listing_form.html", {"form": form}, status=422 if form.errors else 200)


@access.roles(Role.MEMBER)
@require_GET
def listing(request: HttpRequest, listing_id: int) -> HttpResponse:
    """One offer or want."""
    found = get_object_or_404(Listing.objects.select_related("member"), pk=listing_id)
    me, today = _me(request), clock.today()
    own = found.member_id == me.pk
    is_open = found.closed_on is None and found.expires_on > today and found.member.status == Member.Status.ACTIVE
    if not own and not is_open:
        raise Http404
    return render(request, "barter/listing.html", {"listing": found, "own": own, "is_open": is_open})


@access.roles(Role.MEMBER)
@require_POST
def listing_close(request: HttpRequest, listing_id: int) -> HttpResponse:
    """Take one's own listing off the market."""
    get_object_or_404(Listing, pk=listing_id, member=_me(request))
    listings.close(listing_id=listing_id, member_id=_me(request).pk, by=access.acting(request), on=clock.today())
    messages.success(request, _("The listing is closed."))
    return redirect("barter:listing", listing_id)


@access.roles(Role.MEMBER)
@require_POST
def listing_renew(request: HttpRequest, listing_id: int) -> HttpResponse:
    """Keep one's own listing for another six months."""
    get_object_or_404(Listing, pk=listing_id, member=_me(request))
    try:
        listings.renew(listing_id=listing_id, member_id=_me(request).pk, by=access.acting(request), on=clock.today())
    except listings.ListingRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("The listing stays for another six months."))
    return redirect("barter:listing", listing_id)


@access.roles(Role.MEMBER)
@require_GET
def trade_list(request: HttpRequest) -> HttpResponse:
    """My trades, my balances and my ratio."""
    me = _me(request)
    held = accounts.holdings([me.number])
    page = Paginator(reports.trades_of(me.pk), PAGE).get_page(request.GET.get("page"))
    mine = Listing.objects.filter(member=me, closed_on=None).order_by("-id")[: listings.MOST_OPEN]
    context = {
        "page": page,
        "me": me,
        "holdings": [held[me.number, unit] for unit in accounts.UNITS if (me.number, unit) in held],
        "ratios": reports.ratio(me, on=clock.today()) if held else [],
        "listings": mine,
        "today": clock.today(),
    }
    return render(request, "barter/trades.html", context)


@access.roles(Role.MEMBER)
@require_http_methods(["GET", "POST"])
def trade_new(request: HttpRequest) -> HttpResponse:
    """Ask for a trade, from a listing or out of the blue."""
    me = _me(request)
    form = TradeForm(request.POST or None, initial=_first_words(request, me))
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        other = Member.objects.filter(number=said["other"].upper(), status=Member.Status.ACTIVE).first()
        if other is None:
            form.add_error("other", _("There is no active member with that number."))
        else:
            receives = said["side"] == "receive"
            try:
                trade = trades.request(
                    asked_by=me.pk, provider=other.pk if receives else me.pk, receiver=me.pk if receives else other.pk,
                    title=said["title"], text=said["text"], credit=said["credit"] or zero(CREDIT),
                    minutes=int((said["hours"] or zero(HOUR)).amount), form_key=said["form_key"],
                    by=access.acting(request), on=clock.today(), listing=said["listing"],
                )  # fmt: skip
            except trades.TradeRefused as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, _("Asked. The other side decides now; nothing has moved yet."))
                return redirect("barter:trade", trade.number)
    return render(request, "barter/trade_form.html", {"form": form}, status=422 if form.errors else 200)


def _first_words(request: HttpRequest, me: Member) -> dict[str, Any]:
    first: dict[str, Any] = {"form_key": secrets.token_hex(16), "side": "receive"}
    asked = request.GET.get("listing", "")
    if asked.isdecimal() and len(asked) < 10:
        found = (
            Listing.objects.select_related("member")
            .filter(pk=int(asked), closed_on=None, expires_on__gt=clock.today())
            .exclude(member=me)
            .first()
        )
        if found is not None:
            first |= {
                "listing": found.pk,
                "side": "receive" if found.kind == Listing.Kind.OFFER else "provide",
                "other": found.member.number,
                "title": found.title,
                "credit": found.price_credit,
                "hours": found.price_hours,
            }
    return first


def _trade(request: HttpRequest, number: str) -> Trade:
    return get_object_or_404(reports.trades_of(_me(request).pk), number=number)


@access.roles(Role.MEMBER)
@require_GET
def trade(request: HttpRequest, number: str) -> HttpResponse:
    """One trade, as one of its two sides sees it."""
    return render(request, "barter/trade.html", {"view": reports.trade_view(_trade(request, number), _me(request).pk)})


_STEPS: dict[str, tuple[Callable[..., Trade], Any]] = {
    "accept": (trades.accept, gettext_lazy("Agreed. When the work is done, the one who received it settles.")),
    "decline": (trades.decline, gettext_lazy("Declined. Nothing has moved.")),
    "deliver": (trades.deliver, gettext_lazy("Marked as done. The other side settles now.")),
    "settle": (trades.settle, gettext_lazy("Settled. Both balances have moved.")),
    "cancel": (trades.cancel, gettext_lazy("Called off. Nothing has moved.")),
    "undo": (trades.undo, gettext_lazy("Noted.")),
}


@access.roles(Role.MEMBER)
@require_POST
def trade_step(request: HttpRequest, number: str, step: str) -> HttpResponse:
    """Do one of the things that can be done with a trade."""
    if step not in _STEPS:
        raise Http404
    act, said = _STEPS[step]
    try:
        act(trade_id=_trade(request, number).pk, member_id=_me(request).pk, by=access.acting(request), on=clock.today())
    except trades.TradeRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, str(said))
    return redirect("barter:trade", number)


@access.roles(Role.MEMBER, Role.AUDITOR, Role.ADMINISTRATOR, Role.TREASURER)
@require_GET
def open_book(request: HttpRequest) -> HttpResponse:
    """All balances of a unit sum to zero: see for yourself."""
    return render(request, "barter/open_book.html", {"sums": reports.open_book(), "fewest": reports.FEWEST})


@access.roles(Role.MEMBER)
@require_http_methods(["GET", "POST"])
def give(request: HttpRequest) -> HttpResponse:
    """Give what one holds to the community, on leaving."""
    me = _me(request)
    key = request.POST.get("form_key", "")
    if request.method == "POST" and len(key) == 32 and key.isalnum() and key.isascii():
        try:
            given = leaving.give_to_community(
                member_id=me.pk, form_key=key, by=access.acting(request), on=clock.today()
            )
        except leaving.LeavingRefused as refused:
            messages.error(request, str(refused))
        else:
            thanks = _("Thank you: %(amounts)s now belong to the community.")
            messages.success(request, thanks % {"amounts": reports.describe(given)})
        return redirect("barter:trades")
    held = accounts.holdings([me.number])
    above = [holding for holding in held.values() if holding.balance.amount > 0]
    return render(request, "barter/give.html", {"holdings": above, "form_key": secrets.token_hex(16)})


@access.roles(Role.ADMINISTRATOR, Role.TREASURER)
@require_http_methods(["GET", "POST"])
def limits_of(request: HttpRequest, number: str, unit: str) -> HttpResponse:
    """Set a member's limits in one unit."""
    member = get_object_or_404(Member, number=number)
    unit = unit.upper()
    if unit not in accounts.UNITS:
        raise Http404
    held = accounts.holding(number, unit)
    form = LimitForm(
        request.POST or None, unit=unit, initial={"credit_limit": held.credit_limit, "maximum": held.maximum}
    )
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            limits.change(
                member_id=member.pk, credit_limit=said["credit_limit"], maximum=said["maximum"],
                reason=said["reason"], by=access.acting(request), on=clock.today(),
            )  # fmt: skip
        except limits.LimitRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("The limits hold from now on."))
            return redirect("barter:limits", number, unit.lower())
    history = LimitChange.objects.filter(member=member, unit=unit).order_by("-id")[:20]
    context = {"form": form, "member": member, "holding": held, "unit": unit, "history": history}
    return render(request, "barter/limits.html", context, status=422 if form.errors else 200)

"""Pages about circles: a member's own, joining one, and the office's."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from members.governance import decisions
from members.governance import pages as proposing
from members.models import Member
from mutual import access, clock, formats
from mutual.access import Role
from mutual.pages import downloads
from mutual.pages import forms as pages
from pooling.circles import circles, closing, giving, moving, reports
from pooling.circles import terms as rules
from pooling.circles.forms import CircleForm, CloseForm, LevelForm, MoveForm, TermsForm
from pooling.circles.models import Circle, Terms

EVERYBODY = (Role.MEMBER, Role.TREASURER, Role.CLAIMS_OFFICER, Role.AUDITOR, Role.ADMINISTRATOR)
OFFICE = (Role.TREASURER, Role.AUDITOR, Role.ADMINISTRATOR)
MONEY = (Role.TREASURER, Role.ADMINISTRATOR)


def _has(request: HttpRequest, *roles: Role) -> bool:
    return bool(request.user.roles & set(roles))  # type: ignore[union-attr]


def _me(request: HttpRequest) -> Member:
    member: Member | None = request.user.member_or_none  # type: ignore[union-attr]
    if member is None:
        raise Http404
    return member


def _terms(circle: Circle) -> Terms:
    found = rules.in_force(circle.fund_id, clock.today())
    if found is None:
        raise Http404
    return found


@access.roles(*EVERYBODY)
@require_GET
def circle_list(request: HttpRequest) -> HttpResponseBase:
    """Every circle, and what holds for them."""
    today = clock.today()
    writes = _has(request, *MONEY)
    if downloads.wanted(request):
        heading, rows = reports.circle_table(today, whole=_has(request, *OFFICE))
        return downloads.table(request, f"circles-{today}", heading, rows)
    context = {
        "circles": reports.every(), "funds": reports.funds_with_terms(today), "can_write": writes,
        "office": _has(request, *OFFICE), "administers": _has(request, Role.ADMINISTRATOR),
        "proposals": decisions.waiting(*_CONFIRM) if writes else [], "me": request.user.pk,
        "waiting": len(giving.waiting()) if writes else 0, "member": _has(request, Role.MEMBER),
    }  # fmt: skip
    return render(request, "circles/circles.html", context)


@access.roles(*EVERYBODY)
@require_GET
def circle_page(request: HttpRequest, slug: str) -> HttpResponseBase:
    """One circle: for those who sit in it, and the office. Others see what it is, not who is in it."""
    circle = get_object_or_404(Circle.objects.select_related("fund"), slug=slug)
    _terms(circle)
    today, office = clock.today(), _has(request, *OFFICE)
    if downloads.wanted(request):
        if not office:
            raise Http404
        return downloads.table(request, f"circle-{slug}", reports.MONTH_COLUMNS, reports.month_rows(circle))
    member: Member | None = request.user.member_or_none  # type: ignore[union-attr]
    own = reports.mine(member.pk, today) if member else None
    seated = own is not None and own.seat.circle_id == circle.pk and own.seat.joined_on is not None
    context = {
        "view": reports.circle(circle, today), "sees": office or seated, "office": office,
        "administers": _has(request, Role.ADMINISTRATOR), "can_write": _has(request, *MONEY),
        "own": own, "mine": seated, "asked": own is not None and own.seat.circle_id == circle.pk,
        "member": member is not None,
    }  # fmt: skip
    return render(request, "circles/circle.html", context)


@access.roles(Role.MEMBER)
@require_http_methods(["GET", "POST"])
def mine(request: HttpRequest) -> HttpResponse:
    """My circle; a request for a seat can be taken back here."""
    member, today = _me(request), clock.today()
    if request.method == "POST":
        circles.take_back(member_id=member.pk, by=access.acting(request))
        messages.success(request, _("Taken back."))
        return redirect("circles:circles")
    own = reports.mine(member.pk, today)
    if own is None:
        return redirect("circles:circles")
    seated = own.seat.joined_on is not None
    context = {
        "own": own, "seated": seated, "view": reports.circle(own.seat.circle, today),
    }  # fmt: skip
    return render(request, "circles/mine.html", context)


@access.roles(Role.MEMBER)
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for a seat."""
    circle = get_object_or_404(Circle.objects.select_related("fund"), slug=slug)
    member, terms = _me(request), _terms(circle)
    form = LevelForm(request.POST or None, terms=terms)
    if request.method == "POST" and form.is_valid():
        try:
            seat = circles.ask(
                circle_id=circle.pk, member_id=member.pk, place=form.cleaned_data["level"], by=access.acting(request),
                on=clock.today(),
            )  # fmt: skip
        except circles.CircleRefused as refused:
            form.add_error(None, str(refused))
        else:
            words = (
                _("You join on %(day)s.") % {"day": formats.day(seat.joins_on)}
                if seat.joins_on
                else _("You are on the list. When enough are, an administrator opens the circle.")
            )
            messages.success(request, words)
            return redirect("circles:mine")
    return pages.page(
        request, form, heading=_("Join %(circle)s") % {"circle": circle.name},
        lead=_("You put an amount into your own buffer every month. When one of you falls ill, the others give."),
        submit=_("Ask for a seat"), back=reverse("circles:circle", args=[slug]), back_words=circle.name,
    )  # fmt: skip


@access.roles(Role.MEMBER)
@require_http_methods(["GET", "POST"])
def change_level(request: HttpRequest) -> HttpResponse:
    """Ask for another level."""
    member = _me(request)
    own = reports.mine(member.pk, clock.today())
    if own is None or own.seat.joined_on is None:
        raise Http404
    form = MoveForm(
        request.POST or None, choices=reports.choices(own.seat, clock.today()),
        initial={"level": own.seat.next_place or own.seat.place},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        try:
            seat = circles.change_level(
                member_id=member.pk, place=form.cleaned_data["level"], by=access.acting(request), on=clock.today()
            )
        except (circles.CircleRefused, moving.MoveRefused) as refused:
            form.add_error(None, str(refused))
        else:
            day = formats.day(seat.changes_on) if seat.changes_on else ""
            messages.success(request, _("From %(day)s.") % {"day": day} if day else _("You keep your level."))
            return redirect("circles:mine")
    return pages.page(
        request, form, heading=_("Another level"),
        lead=_(
            "It holds from %(day)s on, so that nobody changes what a present claimant can count on. On that day your "
            "deposit, your dues and what you are covered for change together."
        )
        % {"day": formats.day(own.next_move)},
        submit=_("Ask for it"), back=reverse("circles:mine"), back_words=_("My circle"),
    )  # fmt: skip


@access.roles(Role.MEMBER)
@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Leave my circle on its next moving day."""
    try:
        seat = circles.leave(member_id=_me(request).pk, by=access.acting(request), on=clock.today())
    except circles.CircleRefused as refused:
        messages.error(request, str(refused))
    else:
        assert seat.leaves_on is not None
        messages.success(request, _("You leave on %(day)s.") % {"day": formats.day(seat.leaves_on)})
    return redirect("circles:mine")


@access.roles(Role.ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def circle_new(request: HttpRequest) -> HttpResponse:
    """Begin a circle."""
    form = CircleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            circle = circles.form(
                name=form.cleaned_data["name"], fund_id=form.cleaned_data["fund"].pk, by=access.acting(request),
                on=clock.today(),
            )  # fmt: skip
        except circles.CircleRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Members can put themselves on its list now."))
            return redirect("circles:circle", circle.slug)
    return pages.page(
        request, form, heading=_("Form a circle"),
        lead=_("Members put themselves on its list; you open it when they are enough to carry one full benefit."),
        submit=_("Form it"), back=reverse("circles:circles"), back_words=_("Circles"),
    )  # fmt: skip


@access.roles(Role.ADMINISTRATOR)
@require_POST
def open_it(request: HttpRequest, slug: str) -> HttpResponse:
    """Open a circle that can carry one full benefit."""
    circle = get_object_or_404(Circle, slug=slug)
    try:
        circles.open_circle(circle_id=circle.pk, by=access.acting(request), on=clock.today())
    except circles.CircleRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Open. Everybody on its list has a seat now."))
    return redirect("circles:circle", slug)


@access.roles(*MONEY)
@require_POST
def give(request: HttpRequest) -> HttpResponse:
    """Let the circles give now rather than within the hour."""
    giving.request(by=access.acting(request))
    messages.success(request, _("The circles are giving."))
    return redirect("circles:circles")


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def terms_new(request: HttpRequest) -> HttpResponse:
    """Propose terms for the circles of a fund."""
    form = TermsForm(request.POST or None, initial={"valid_from": clock.today()})
    return proposing.propose(
        request, form,
        lambda said: rules.propose(
            fund_id=said["fund"].pk, wanted=form.wanted(), text=said["text"], valid_from=said["valid_from"],
            by=access.acting(request), on=clock.today(),
        ),
        refused=rules.TermsRefused, then=lambda made: reverse("circles:circles"),
        done=_("Proposed. Another officer confirms it; nothing holds yet."), heading=_("Terms of a fund's circles"),
        lead=_("Levels, sizes, what a circle carries itself, and when members come and go."),
        back=reverse("circles:circles"), back_words=_("Circles"),
    )  # fmt: skip


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def close(request: HttpRequest, slug: str) -> HttpResponse:
    """Propose to close a circle; what that would do stands above the form."""
    circle = get_object_or_404(Circle.objects.select_related("fund"), slug=slug, closes_on=None)
    would = closing.preview(circle, clock.today())
    form = CloseForm(request.POST or None, initial={"closes_on": would.earliest})
    lead = _(
        "%(members)s members would get back what their buffers hold then; now it is %(holds)s together. Before that "
        "the circle gives for what is approved. What is approved later the fund pays alone."
    ) % {"members": would.members, "holds": formats.money(would.holds)}
    return proposing.propose(
        request, form,
        lambda said: closing.propose(
            circle_id=circle.pk, closes_on=said["closes_on"], text=said["text"], by=access.acting(request),
            on=clock.today(),
        ),
        refused=closing.ClosingRefused, then=lambda made: reverse("circles:circles"),
        done=_("Proposed. Another officer confirms it; nothing changes yet."), field="closes_on",
        heading=_("Close %(circle)s") % {"circle": circle.name}, lead=lead,
        back=reverse("circles:circle", args=[slug]), back_words=circle.name,
    )  # fmt: skip


_CONFIRM = {rules.CIRCLE_TERMS: rules.confirm, closing.CIRCLE_CLOSING: closing.confirm}


@access.roles(*MONEY)
@require_POST
def answer(request: HttpRequest, number: str) -> HttpResponse:
    """Confirm or decline, as the second officer, proposed terms or the closing of a circle."""
    decision = proposing.find(number, _CONFIRM)
    proposing.answer(request, decision, _CONFIRM[decision.kind], refused=(rules.TermsRefused, closing.ClosingRefused))
    return redirect("circles:circles")

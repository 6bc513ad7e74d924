"""Pages about waivers, work in place of dues, and income bands."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from members.governance import figures
from members.governance import pages as proposing
from members.governance.models import Decision
from members.models import Member, User
from mutual import access, clock, formats
from mutual.access import Role
from mutual.pages import forms as pages
from mutual.periods import month
from mutual.vault import vault
from pooling.easing import bands, waivers, work
from pooling.easing.forms import BandForm, DrawForm, WaiverEndForm, WaiverForm, WorkForm
from pooling.easing.models import Check, Draw, Waiver, WorkCredit
from pooling.models import Rate

MONEY = (Role.TREASURER, Role.ADMINISTRATOR)
SEEING = (*MONEY, Role.AUDITOR)
PAGE = 200


def _decided_at(made: Decision) -> str:
    return reverse("treasury:correction", args=[made.number])


@access.roles(*SEEING)
@require_GET
def easing(request: HttpRequest) -> HttpResponse:
    """Waivers, work in place of dues, and draws of bands; no reason and no answer by name."""
    answered = {name.lower(): Count("checks", filter=Q(checks__state=name)) for name in ("CONFIRMED", "NOT_CONFIRMED")}
    context = {
        "waivers": Waiver.objects.select_related("member").order_by("-since", "-id")[:PAGE],
        "work": WorkCredit.objects.select_related("member", "decision").order_by("-id")[:PAGE],
        "draws": Draw.objects.select_related("plan").annotate(asked=Count("checks"), **answered).order_by("-id")[:12],
        "can_write": bool(request.user.roles & set(MONEY)),  # type: ignore[union-attr]
    }
    return render(request, "easing/easing.html", context)


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def waiver_new(request: HttpRequest) -> HttpResponse:
    """Propose a holiday or a waiver."""
    today = clock.today()
    first = {"number": request.GET.get("number", "")[:12], "since": month(today).start}
    form = WaiverForm(request.POST or None, initial=first)
    return proposing.propose(
        request, form,
        lambda said: waivers.propose(
            member_id=said["number"].pk, kind=said["kind"], since=said["since"], until=said["until"],
            percent=said["percent"], reason=said["reason"], by=access.acting(request), on=today,
        ),
        refused=waivers.WaiverRefused, then=_decided_at, heading=_("Holiday or waiver"),
        lead=_("A part of the dues, or all of it, is not asked for a while. Two officers decide; why is sealed."),
        back=reverse("easing:easing"), back_words=_("Waivers, work, bands"),
    )  # fmt: skip


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def waiver(request: HttpRequest, number: str) -> HttpResponse:
    """One waiver; its reason only when asked for, and whoever asks is noted."""
    found = get_object_or_404(Waiver.objects.select_related("member", "decision"), number=number)
    reason = None
    if request.method == "POST":
        try:
            reason = waivers.reason(number=number, by=access.acting(request), at=clock.now())
        except vault.VaultRefused as refused:
            messages.error(request, str(refused))
    looks = vault.openings(found.subject)
    names = {user.pk: user.display_name for user in User.objects.filter(pk__in={look.by for look in looks})}
    can_end = found.until > clock.today()
    context = {
        "waiver": found,
        "reason": reason,
        "can_end": can_end,
        "looks": [(look.at, names[look.by]) for look in looks],
    }
    return render(request, "easing/waiver.html", context)


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def waiver_end(request: HttpRequest, number: str) -> HttpResponse:
    """Propose to end a waiver earlier."""
    found = get_object_or_404(Waiver.objects.select_related("member"), number=number)
    today = clock.today()
    form = WaiverEndForm(request.POST or None, initial={"until": max(today, found.since)})
    return proposing.propose(
        request, form,
        lambda said: waivers.propose_end(waiver_id=found.pk, by=access.acting(request), on=today, **said),
        refused=waivers.WaiverRefused, field="until", then=_decided_at,
        heading=_("End %(number)s earlier") % {"number": number},
        lead=_("What was given up for days before stays given up. From that day on dues are asked for as before; two "
               "officers decide, and the member gets a letter."),
        back=reverse("easing:waiver", args=[number]), back_words=number,
    )  # fmt: skip


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def work_new(request: HttpRequest) -> HttpResponse:
    """Record a task that takes the place of a period's dues."""
    today = clock.today()
    first = {"number": request.GET.get("number", "")[:12], "period": month(today).label, "done_on": today}
    form = WorkForm(request.POST or None, initial=first)
    return proposing.propose(
        request, form,
        lambda said: work.propose(
            member_id=said["number"].pk, period=said["period"], task=said["task"], done_on=said["done_on"],
            by=access.acting(request), on=today,
        ),
        refused=work.WorkRefused, then=_decided_at, heading=_("Paid in work"),
        done=_("Recorded. Another officer confirms it; nothing has been booked yet."), submit=_("Record it"),
        lead=_("A task done for the cooperative takes the place of a period's dues. No money moves."),
        back=reverse("easing:easing"), back_words=_("Waivers, work, bands"),
    )  # fmt: skip


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def draw_new(request: HttpRequest) -> HttpResponse:
    """Draw who shows her band to a reviewer."""
    form = DrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            bands.draw(plan_id=said["plan"].pk, seed=said["seed"], by=access.acting(request), on=clock.today())
        except bands.BandRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Drawn. Whoever was drawn gets a letter with a code."))
            return redirect("easing:easing")
    return pages.page(
        request, form, heading=_("Draw who shows her band"),
        lead=_("Some members, %(count)s of a hundred by lot, show a reviewer that their band is right. The seed is "
               "published.") % {"count": figures.value("dues.band_proofs", clock.today())},
        submit=_("Draw"), back=reverse("easing:easing"), back_words=_("Waivers, work, bands"),
    )  # fmt: skip


@dataclass(frozen=True)
class Review:
    """What a reviewer sees: a code and a band."""

    code: str
    band: str


@access.roles(Role.CLAIMS_OFFICER)
@require_GET
def reviews(request: HttpRequest) -> HttpResponse:
    """Bands to look at: codes, no names."""
    found = Check.objects.select_related("draw__plan").filter(state=Check.State.ASKED).order_by("code")
    newest: dict[tuple[int, int], Rate] = {}
    for rate in Rate.objects.select_related("version").order_by("version__valid_from"):
        newest[rate.version.plan_id, rate.place] = rate
    shown = []
    for check in found[:PAGE]:
        rate = newest[check.draw.plan_id, check.place]
        shown.append(Review(check.code, f"{check.draw.plan.name}, {rate.name}: {formats.money(rate.money)}"))
    return render(request, "easing/reviews.html", {"checks": shown})


@access.roles(Role.CLAIMS_OFFICER)
@require_POST
def review(request: HttpRequest, code: str) -> HttpResponse:
    """The reviewer's answer: yes or no."""
    get_object_or_404(Check, code=code)
    answer = request.POST.get("answer")
    if answer not in ("yes", "no"):
        raise Http404
    try:
        bands.answer(code=code, confirmed=answer == "yes", by=access.acting(request), on=clock.today())
    except bands.BandRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Noted. Nothing of the proof is kept."))
    return redirect("easing:reviews")


@access.roles(Role.MEMBER)
@require_http_methods(["GET", "POST"])
def my_band(request: HttpRequest) -> HttpResponse:
    """A member says which income band is hers."""
    member: Member | None = request.user.member_or_none  # type: ignore[union-attr]
    found = bands.of_member(member.pk, clock.today()) if member is not None else None
    if member is None or found is None:
        raise Http404
    stay, rates = found
    form = BandForm(request.POST or None, rates=rates, initial={"place": stay.place})
    if request.method == "POST" and form.is_valid():
        try:
            bands.declare(
                member_id=member.pk, place=form.cleaned_data["place"], by=access.acting(request), on=clock.today()
            )
        except bands.BandRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Noted. It holds from the next period on, for a year."))
            return redirect("pooling:my_dues")
    return pages.page(
        request, form, heading=_("My income band"),
        lead=_("You say which band is yours; your income is not kept. A few members, drawn by lot, show theirs."),
        submit=_("This is my band"), back=reverse("pooling:my_dues"), back_words=_("My dues"),
    )  # fmt: skip

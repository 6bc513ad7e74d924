"""Pages about reminders, agreements and limitation, for the office."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mutual import access, clock
from mutual.access import Role
from mutual.jobs.models import Run
from mutual.pages import forms as pages
from pooling.dunning import agreements, ladder, limitation, reports
from pooling.dunning.forms import AgreementForm, LimitationForm, StepForm
from pooling.dunning.models import Agreement, Limitation, Reminder, Step

MONEY = (Role.TREASURER, Role.ADMINISTRATOR)
SEEING = (*MONEY, Role.AUDITOR)
PAGE = 50


def _can_write(request: HttpRequest) -> bool:
    return bool(request.user.roles & set(MONEY))  # type: ignore[union-attr]


@access.roles(*SEEING)
@require_GET
def ladder_page(request: HttpRequest) -> HttpResponse:
    """The ladder, who gets a letter today, and the letters of late."""
    letters = Reminder.objects.select_related("member", "charge__version").order_by("-sent_on", "-id")
    context = {
        "steps": Step.objects.order_by("place"),
        "standing": ladder.standing(clock.today()),
        "page": Paginator(letters, PAGE).get_page(request.GET.get("page")),
        "runs": Run.objects.filter(kind="reminders").order_by("-created_at")[:6],
        "can_write": _can_write(request),
    }
    return render(request, "dunning/ladder.html", context)


@access.roles(*MONEY)
@require_POST
def run(request: HttpRequest) -> HttpResponse:
    """Write today's reminders now."""
    asked = ladder.request(by=access.acting(request), on=clock.today())
    return redirect("run", asked.pk)


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def step(request: HttpRequest, place: int) -> HttpResponse:
    """Change a step of the ladder."""
    found = get_object_or_404(Step, place=place)
    form = StepForm(request.POST or None, initial={"days": found.days, "tone": found.tone})
    if request.method == "POST" and form.is_valid():
        try:
            ladder.change_step(place=place, by=access.acting(request), **form.cleaned_data)
        except ladder.LadderRefused as refused:
            form.add_error("days", str(refused))
        else:
            messages.success(request, _("Changed. Letters from now on follow it."))
            return redirect("dunning:ladder")
    return pages.page(
        request, form, heading=_("Step %(place)s") % {"place": place},
        lead=_("A letter leaves the member time: the first comes days after the dues were due, never on the day."),
        submit=_("Save"), back=reverse("dunning:ladder"), back_words=_("Reminders"),
    )  # fmt: skip


@access.roles(*SEEING)
@require_GET
def agreement_list(request: HttpRequest) -> HttpResponse:
    """Agreements, those that hold first."""
    found = Agreement.objects.select_related("member").order_by("ended_on", "-id")
    held = found.filter(state=Agreement.State.ACTIVE)[:PAGE]
    context = {
        "held": [agreements.progress(one) for one in held],
        "page": Paginator(found.exclude(state=Agreement.State.ACTIVE).order_by("-id"), PAGE).get_page(
            request.GET.get("page")
        ),
        "can_write": _can_write(request),
        "today": clock.today(),
    }
    return render(request, "dunning/agreements.html", context)


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def agreement_new(request: HttpRequest) -> HttpResponse:
    """Agree that what is overdue is paid in parts."""
    today = clock.today()
    first = {"number": request.GET.get("number", "")[:12], "first_on": reports.today_or_next_month(today)}
    form = AgreementForm(request.POST or None, initial=first)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            made = agreements.make(
                member_id=said["number"].pk, parts=said["parts"], first_on=said["first_on"],
                form_key=said["form_key"], by=access.acting(request), on=today,
            )  # fmt: skip
        except agreements.AgreementRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Agreed. A letter with the parts and their days is on its way."))
            return redirect("dunning:agreement", made.number)
    return pages.page(
        request, form, heading=_("Agree to pay in parts"),
        lead=_("What is overdue is divided into equal parts, one a month. While they are paid nobody reminds."),
        submit=_("Agree"), back=reverse("dunning:agreements"), back_words=_("Agreements"),
    )  # fmt: skip


@access.roles(*SEEING)
@require_GET
def agreement_page(request: HttpRequest, number: str) -> HttpResponse:
    """One agreement: its parts and what is paid of them."""
    found = get_object_or_404(Agreement.objects.select_related("member"), number=number)
    context = {"progress": agreements.progress(found), "can_write": _can_write(request), "today": clock.today()}
    return render(request, "dunning/agreement.html", context)


@access.roles(*MONEY)
@require_POST
def agreement_end(request: HttpRequest, number: str) -> HttpResponse:
    """End an agreement."""
    found = get_object_or_404(Agreement, number=number)
    agreements.end(agreement_id=found.pk, by=access.acting(request), on=clock.today())
    messages.success(request, _("Ended. What is open stays a debt."))
    return redirect("dunning:agreement", number)


@access.roles(*SEEING)
@require_GET
def limitation_page(request: HttpRequest) -> HttpResponse:
    """Debts whose time has run out, and the rules by country; several are proposed to be written off at once."""
    context = {
        "barred": limitation.barred(clock.today()),
        "rules": Limitation.objects.order_by("country", "-valid_from"),
        "can_write": _can_write(request),
    }
    return render(request, "dunning/limitation.html", context)


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def limitation_new(request: HttpRequest) -> HttpResponse:
    """Add a rule of a country."""
    form = LimitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            limitation.add(by=access.acting(request), **form.cleaned_data)
        except limitation.LimitationRefused as refused:
            form.add_error("valid_from", str(refused))
        else:
            messages.success(request, _("Added. Have somebody who knows the law check it."))
            return redirect("dunning:limitation")
    return pages.page(
        request, form, heading=_("Rule of limitation"),
        lead=_("Debts that fell due before that day keep the rule of their day."), submit=_("Add it"),
        back=reverse("dunning:limitation"), back_words=_("Limitation"),
    )  # fmt: skip


@access.roles(*MONEY)
@require_POST
def limitation_checked(request: HttpRequest, pk: int) -> HttpResponse:
    """Note that a rule was checked against the law."""
    rule = get_object_or_404(Limitation, pk=pk)
    limitation.check(limitation_id=rule.pk, by=access.acting(request), on=clock.today())
    messages.success(request, _("Noted as checked."))
    return redirect("dunning:limitation")

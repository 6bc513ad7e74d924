"""Pages about who belongs."""

from __future__ import annotations

import json
import uuid
from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.core.paginator import Paginator
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from members import importing, membership, payout, roles, sign_in, users
from members.forms import (
    ApplicationForm,
    ComeBackForm,
    DeclineForm,
    PayoutForm,
    ProfileForm,
    RoleForm,
    SearchForm,
    UploadForm,
)
from members.models import ImportDraft, Member, PayoutAccount, RoleGrant, User
from mutual import access, clock, formats, people, rooms
from mutual.access import OFFICERS, Role
from mutual.pages import downloads
from mutual.pages import forms as pages
from mutual.trail import trail
from mutual.vault import vault

PAGE = 50
OFFICE = (Role.ADMINISTRATOR, Role.TREASURER, Role.AUDITOR)
_REGISTER = (
    "number", "name", "trade", "state", "joined on", "left on", "e-mail", "street", "postcode", "city", "country",
    "language", "currency",
)  # fmt: skip
_PROFILE = ("name", "trade", "street", "postcode", "city", "country", "language")


@access.signed_in
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What I owe, what I am owed, what I hold, what happened lately; for officers, what waits for them."""
    user: Any = request.user
    member: Member | None = user.member_or_none
    today = clock.today()
    context: dict[str, Any] = {"member": member, "today": today, "shortcuts": rooms.shortcuts(user.roles)}
    if member is not None and Role.MEMBER in user.roles:
        mine = rooms.home(member_id=member.pk, on=today)
        context |= {
            "owe": [item for item in mine.owed if item.direction == "owe"],
            "owed": [item for item in mine.owed if item.direction == "owed"],
            "hold": [item for item in mine.owed if item.direction == "hold"],
            "cards": mine.cards,
            "recent": mine.recent,
        }
    if user.roles & OFFICERS:
        context["office"] = rooms.office_cards(roles=user.roles, on=today)
        if user.has_second_factor:
            context["tiles"] = rooms.office_tiles(roles=user.roles, on=today)
    return render(request, "members/home.html", context)


@access.signed_in
@require_GET
def second_factor_needed(request: HttpRequest) -> HttpResponse:
    """Officers set up a second factor before they can do anything."""
    return render(request, "members/second_factor_needed.html")


@access.anyone
@require_http_methods(["GET", "POST"])
def apply(request: HttpRequest) -> HttpResponse:
    """Ask to be admitted."""
    form = ApplicationForm(request.POST or None, initial={"language": request.LANGUAGE_CODE})
    if request.method == "POST" and form.is_valid():
        try:
            membership.apply(
                said=form.cleaned_data, came_from=get_adapter().get_client_ip(request) or "", on=clock.today()
            )
        except membership.MembershipRefused as refused:
            form.add_error(None, str(refused))
        else:
            return redirect("members:applied")
    return render(request, "members/apply.html", {"form": form}, status=422 if form.errors else 200)


@access.anyone
@require_GET
def applied(request: HttpRequest) -> HttpResponse:
    """The application was sent."""
    return render(request, "members/applied.html")


@access.roles(*OFFICE)
@require_GET
def register(request: HttpRequest) -> HttpResponseBase:
    """Every member and applicant."""
    form = SearchForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    found = Member.objects.order_by("number")
    if asked.get("status") == Member.Status.APPLICANT:
        found = found.filter(Q(status=Member.Status.APPLICANT) | Q(asked_back_on__isnull=False))
    elif asked.get("status"):
        found = found.filter(status=asked["status"])
    if words := asked.get("q"):
        found = found.filter(Q(number__icontains=words) | Q(name__icontains=words) | Q(email__icontains=words))
    if downloads.wanted(request):
        rows = (
            (
                one.number, one.name, one.trade, one.status, one.joined_on, one.left_on, one.email, one.street,
                one.postcode, one.city, one.country,
                one.language, one.currency,
            )
            for one in found.iterator(chunk_size=2000)
        )  # fmt: skip
        return downloads.table(request, f"members-{clock.today()}", _REGISTER, rows)
    kept = request.GET.copy()
    kept.pop("page", None)
    context = {
        "form": form,
        "page": Paginator(found, PAGE).get_page(request.GET.get("page")),
        "query": f"{kept.urlencode()}&" if kept else "",
        "can_write": Role.ADMINISTRATOR in request.user.roles,  # type: ignore[union-attr]
    }
    return render(request, "members/register.html", context)


@access.roles(*OFFICE)
@require_GET
def member_page(request: HttpRequest, number: str) -> HttpResponse:
    """One member or applicant."""
    member = get_object_or_404(Member.objects.select_related("user"), number=number)
    context = {
        "member": member,
        "past": member.past.order_by("joined_on"),
        "form": DeclineForm(),
        "roles": member.user.roles if member.user else frozenset(),
        "deeds": trail.about(number),
        "can_write": Role.ADMINISTRATOR in request.user.roles,  # type: ignore[union-attr]
        "money": bool({Role.TREASURER, Role.ADMINISTRATOR} & request.user.roles),  # type: ignore[union-attr]
    }
    return render(request, "members/member.html", context)


@access.roles(Role.ADMINISTRATOR)
@require_POST
def member_step(request: HttpRequest, number: str, step: str) -> HttpResponse:
    """Admit (again), decline, suspend or resume."""
    member = get_object_or_404(Member, number=number)
    by = access.acting(request)
    try:
        if step == "admit":
            membership.admit(member_id=member.pk, by=by, on=clock.today())
            messages.success(request, _("Admitted. She can sign in now; a letter tells her so."))
        elif step == "decline":
            form = DeclineForm(request.POST)
            if not form.is_valid():
                messages.error(request, _("Give a reason: the person reads it."))
                return redirect("members:member", number)
            membership.decline(member_id=member.pk, reason=form.cleaned_data["reason"], by=by, on=clock.today())
            messages.success(request, _("Declined. A letter gives the reason."))
        elif step == "suspend":
            membership.suspend(member_id=member.pk, by=by)
            messages.success(request, _("Suspended."))
        elif step == "resume":
            membership.resume(member_id=member.pk, by=by)
            messages.success(request, _("Active again."))
        else:
            raise Http404
    except membership.MembershipRefused as refused:
        messages.error(request, str(refused))
    return redirect("members:member", number)


def _profile(request: HttpRequest, member: Member, back: str, heading: str) -> HttpResponse:
    form = ProfileForm(request.POST or None, initial={name: getattr(member, name) for name in _PROFILE})
    if request.method == "POST" and form.is_valid():
        membership.change_profile(member_id=member.pk, said=form.cleaned_data, by=access.acting(request))
        messages.success(request, _("Saved."))
        return redirect(back)
    return pages.page(
        request, form, heading=heading,
        lead=_("Number %(number)s, member since %(day)s.")
        % {"number": member.number, "day": formats.day(member.joined_on) if member.joined_on else "–"},
        submit=_("Save"), back=back, back_words=_("Back"),
    )  # fmt: skip


@access.roles(Role.ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def member_edit(request: HttpRequest, number: str) -> HttpResponse:
    """Change a member's particulars."""
    member = get_object_or_404(Member, number=number)
    return _profile(request, member, reverse("members:member", args=[number]), member.name)


def _own(request: HttpRequest) -> Member:
    member: Member | None = request.user.member_or_none  # type: ignore[union-attr]
    if member is None:
        raise Http404
    return member


@access.signed_in
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """My own particulars, and the ways to my data and out."""
    member = _own(request)
    form = ProfileForm(request.POST or None, initial={name: getattr(member, name) for name in _PROFILE})
    if request.method == "POST" and form.is_valid():
        membership.change_profile(member_id=member.pk, said=form.cleaned_data, by=access.acting(request))
        messages.success(request, _("Saved."))
        return redirect("members:profile")
    account = PayoutAccount.objects.select_related("member").filter(member=member).first()
    looks = vault.openings(account.vault)[:10] if account is not None else []
    names = people.names(look.by for look in looks)
    context = {
        "form": form, "member": member, "payout": account, "looks": [(look.at, names[look.by]) for look in looks],
    }  # fmt: skip
    return render(request, "members/profile.html", context, status=422 if form.errors else 200)


@access.signed_in
@require_http_methods(["GET", "POST"])
def payout_account(request: HttpRequest) -> HttpResponse:
    """The account I am paid to: named with a second factor shown just now, sealed, and told to me by letter."""
    member = _own(request)
    user: Any = request.user
    if not user.has_second_factor:
        messages.info(request, _("Set up a passkey or another second factor first: it guards where you are paid."))
        return redirect("mfa_index")
    fresh = sign_in.showed_second_factor(request)
    if not fresh:
        # What was typed is not kept: an account's number has no place in a session.
        return redirect(f"{reverse('mfa_reauthenticate')}?{urlencode({'next': request.path})}")
    form = PayoutForm(request.POST or None, initial={"holder": member.name[:70]})
    if request.method == "POST" and form.is_valid():
        try:
            payout.name_account(
                member_id=member.pk, iban=form.cleaned_data["iban"], holder=form.cleaned_data["holder"],
                second_factor=fresh, by=access.acting(request), on=clock.today(),
            )  # fmt: skip
        except payout.PayoutRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Named. You get a letter about it."))
            return redirect("members:profile")
    return pages.page(
        request, form, heading=_("The account I am paid to"),
        lead=_("Benefits go there. It is sealed; the office sees its last four characters only."),
        submit=_("Name it"), back=reverse("members:profile"), back_words=_("My profile"),
    )  # fmt: skip


@access.signed_in
@require_GET
def my_data(request: HttpRequest) -> HttpResponse:
    """Everything the cooperative holds about me, as JSON."""
    member = _own(request)
    data = {"made_on": str(clock.today()), "about": rooms.personal_data(member_id=member.pk)}
    answer = HttpResponse(
        json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2), content_type="application/json"
    )
    answer["Content-Disposition"] = f'attachment; filename="{member.number}.json"'
    return answer


@access.signed_in
@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest) -> HttpResponse:
    """What is open, what it means, and the way out."""
    member = _own(request)
    if request.method == "POST":
        try:
            membership.leave(member_id=member.pk, by=access.acting(request), on=clock.today())
        except membership.MembershipRefused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, _("You have left. You can still sign in for your statements and your data."))
            return redirect("home")
    facts = rooms.facts_before_leaving(member_id=member.pk, on=clock.today())
    context = {"member": member, "facts": facts, "blocked": any(fact.blocking for fact in facts)}
    return render(request, "members/leave.html", context)


@access.signed_in
@require_http_methods(["GET", "POST"])
def come_back(request: HttpRequest) -> HttpResponse:
    """Ask to be admitted again, having left."""
    member = _own(request)
    if member.status != Member.Status.LEFT or member.asked_back_on is not None:
        return redirect("home")
    form = ComeBackForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        membership.ask_back(member_id=member.pk, **form.cleaned_data, by=access.acting(request), on=clock.today())
        messages.success(request, _("Sent. You will get a letter."))
        return redirect("home")
    return pages.page(
        request, form, heading=_("Come back"),
        lead=_("An administrator decides. You keep your number, %(number)s, and your accounts.")
        % {"number": member.number},
        submit=_("Ask to come back"), back=reverse("home"), back_words=_("Home"),
    )  # fmt: skip


@access.roles(Role.ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def import_new(request: HttpRequest) -> HttpResponse:
    """Upload a CSV file of members."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            rows = importing.read(form.cleaned_data["file"].read(), on=clock.today())
        except importing.ImportRefused as refused:
            form.add_error("file", str(refused))
        else:
            draft = importing.keep(rows=rows, by=access.acting(request))
            return redirect("members:import", draft.pk)
    return pages.page(
        request, form, heading=_("Import members"), lead=_("Nothing is imported before you have seen every line."),
        submit=_("Show me the lines"), back=reverse("members:register"), back_words=_("Members"),
    )  # fmt: skip


@access.roles(Role.ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def import_page(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """What would be imported, line by line; then do it."""
    draft = get_object_or_404(ImportDraft, pk=draft_id, made_by=request.user.pk)
    if request.method == "POST":
        done, left_out = importing.carry_out(draft_id=draft.pk, by=access.acting(request))
        messages.success(request, _("%(done)s imported, %(left)s lines left out.") % {"done": done, "left": left_out})
        return redirect("members:import", draft_id)
    bad = [row for row in draft.rows if row["errors"]]
    context = {
        "draft": draft,
        "good": len(draft.rows) - len(bad),
        "bad": bad[:200],
        "bad_count": len(bad),
        "page": Paginator(draft.rows, PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "members/import.html", context)


@access.roles(Role.ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def role_list(request: HttpRequest) -> HttpResponse:
    """Who has which role; propose one."""
    form = RoleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            roles.propose(**form.cleaned_data, by=access.acting(request))
        except roles.RoleRefused as refused:
            form.add_error("email", str(refused))
        else:
            messages.success(request, _("Proposed. Another administrator confirms it."))
            return redirect("members:roles")
    grants = RoleGrant.objects.select_related("user", "proposed_by", "granted_by").filter(ended_on=None)
    context = {
        "form": form,
        "grants": grants.order_by("granted_on", "id")[:300],
        "blocked": User.objects.filter(blocked_on__isnull=False).order_by("blocked_on", "pk")[:300],
        "me": request.user.pk,
    }
    return render(request, "members/roles.html", context, status=422 if form.errors else 200)


@access.roles(Role.ADMINISTRATOR)
@require_POST
def role_step(request: HttpRequest, grant_id: int, step: str) -> HttpResponse:
    """Confirm or end a role."""
    get_object_or_404(RoleGrant, pk=grant_id, ended_on=None)
    act = {"confirm": roles.confirm, "end": roles.end}.get(step)
    if act is None:
        raise Http404
    try:
        act(grant_id=grant_id, by=access.acting(request), on=clock.today())
    except roles.RoleRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Done."))
    return redirect("members:roles")


@access.roles(Role.ADMINISTRATOR)
@require_POST
def user_step(request: HttpRequest, user_id: int, step: str) -> HttpResponse:
    """Keep somebody from signing in, or let her in again."""
    user = get_object_or_404(User, pk=user_id)
    by = access.acting(request)
    try:
        if step == "block":
            users.block(user_id=user.pk, by=by, on=clock.today())
            messages.success(request, _("Blocked. She is signed out everywhere, and her roles have ended."))
        elif step == "unblock":
            users.unblock(user_id=user.pk, by=by)
            messages.success(request, _("She can sign in again. Roles that ended have to be given again."))
        else:
            raise Http404
    except users.UsersRefused as refused:
        messages.error(request, str(refused))
    member = user.member_or_none
    return redirect("members:member", member.number) if member else redirect("members:roles")

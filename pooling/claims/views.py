"""Pages about claims: a member's own, and the officers' desk."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from members.governance import pages as proposing
from members.models import Member
from mutual import access, clock
from mutual.access import Role
from mutual.pages import downloads
from mutual.pages import forms as pages
from pooling.benefits.engine import Entitlement
from pooling.claims import (
    claims,
    desk_rules,
    entitlements,
    evidence,
    open_book,
    papers,
    reports,
    sampling,
    schedule,
    separation,
)
from pooling.claims.appeals import appeals
from pooling.claims.appeals.models import Appeal
from pooling.claims.evidence import Why
from pooling.claims.forms import (
    ApproveForm,
    CertificateForm,
    ClaimForm,
    DeskRulesForm,
    EvidenceForm,
    FinishForm,
    OpenForm,
    RefuseForm,
    SampleForm,
)
from pooling.claims.models import Certificate, Claim, Evidence, Sample
from pooling.models import Fund

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
    funds = Fund.objects.filter(closed_on=None, currency=me.currency)
    chosen = funds.filter(slug=request.GET.get("fund", "")).first() or (funds.first() if funds.count() == 1 else None)
    occasion = request.GET.get("occasion", "")
    form = ClaimForm(
        request.POST or None, request.FILES or None, member=me, today=clock.today(),
        initial=({"fund": chosen.pk} if chosen else {}) | ({"occasion": occasion[:14]} if occasion else {}),
    )  # fmt: skip
    look = request.method == "POST" and "look" in request.POST
    found = None
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        if look:
            found = entitlements.preview(
                member_id=me.pk, fund_id=said["fund"].pk, occasion=said["occasion"], first_day=said["first_day"],
                last_day=said["last_day"], incapacity=said["incapacity"], reported_on=clock.today(),
                comes_in=form.comes_in(), count=form.count(),
            )  # fmt: skip
            return _new(request, form, found, looked=True)
        try:
            claim = claims.submit(
                member_id=me.pk, fund_id=said["fund"].pk, occasion=said["occasion"], first_day=said["first_day"],
                last_day=said["last_day"], amount=said["amount"], form_key=said["form_key"],
                by=access.acting(request), on=clock.today(), words=said["words"],
                evidence_kind=said["evidence_kind"], files=said["attached"], incapacity=said["incapacity"],
                ongoing=said["ongoing"], comes_in=form.comes_in(), count=form.count(),
            )  # fmt: skip
        except claims.ClaimRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Submitted. Claims officers decide; you will get a letter."))
            return redirect("claims:mine", claim.number)
    return _new(request, form, None, looked=False)


def _new(request: HttpRequest, form: ClaimForm, found: Entitlement | None, *, looked: bool) -> HttpResponse:
    context = {
        "form": form,
        "looked": looked,
        "funds": list(form.fields["fund"].queryset),  # type: ignore[attr-defined]
        "ruled": entitlements.shown(found, get_language() or "en") if found is not None else None,
    }
    return render(request, "claims/new.html", context, status=422 if form.is_bound and form.errors else 200)


@access.roles(Role.MEMBER)
@require_GET
def mine(request: HttpRequest, number: str) -> HttpResponse:
    """One of my claims."""
    claim = get_object_or_404(Claim.objects.select_related("fund", "member"), number=number, member=_me(request))
    last = appeals.until(claim)
    context = {
        "claim": claim,
        **reports.own(claim),
        "appeal": Appeal.objects.filter(claim=claim).first(),
        "appeal_until": last if last is not None and clock.today() <= last else None,
    }
    return render(request, "claims/claim.html", context)


@access.roles(Role.MEMBER)
@require_http_methods(["GET", "POST"])
def add_files(request: HttpRequest, number: str) -> HttpResponse:
    """Add files to my claim."""
    claim = get_object_or_404(Claim, number=number, member=_me(request))
    form = EvidenceForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            evidence.add(
                claim_id=claim.pk,
                kind=said["kind"],
                files=said["attached"],
                form_key=said["form_key"],
                on=clock.today(),
            )
        except evidence.EvidenceRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Sealed. Only those who decide can open them."))
            return redirect("claims:mine", number)
    return pages.page(
        request, form, heading=_("Add files to %(number)s") % {"number": number},
        lead=_("They are sealed. You see on the page of your claim who opened them, and why."), submit=_("Send them"),
        back=reverse("claims:mine", args=[number]), back_words=number,
    )  # fmt: skip


@access.roles(Role.MEMBER)
@require_http_methods(["GET", "POST"])
def certificate_new(request: HttpRequest, number: str) -> HttpResponse:
    """Hand in the next certificate of my claim."""
    claim = get_object_or_404(Claim, number=number, member=_me(request))
    first = {"from_on": claim.last_day + dt.timedelta(1)}
    form = CertificateForm(request.POST or None, request.FILES or None, initial=first)
    if request.method == "POST" and form.is_valid():
        said, today = form.cleaned_data, clock.today()
        try:
            schedule.hand_in(
                claim_id=claim.pk, from_on=said["from_on"], until_on=said["until_on"], incapacity=said["incapacity"],
                form_key=said["form_key"], by=access.acting(request), on=today,
            )  # fmt: skip
            evidence.add(
                claim_id=claim.pk, kind=Evidence.Kind.CERTIFICATE, files=said["attached"], form_key=said["form_key"],
                on=today,
            )  # fmt: skip
        except (schedule.ScheduleRefused, evidence.EvidenceRefused) as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Handed in. An officer looks at it, and your claim goes on."))
            return redirect("claims:mine", number)
    return pages.page(
        request, form, heading=_("Next certificate for %(number)s") % {"number": number},
        lead=_("Your claim goes on as far as is certified. For a step-by-step return, hand in one for each step."),
        submit=_("Hand it in"), back=reverse("claims:mine", args=[number]), back_words=number,
    )  # fmt: skip


@access.roles(Role.MEMBER)
@require_http_methods(["GET", "POST"])
def finish(request: HttpRequest, number: str) -> HttpResponse:
    """Say that I am well again."""
    claim = get_object_or_404(Claim, number=number, member=_me(request))
    form = FinishForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            schedule.finish(
                claim_id=claim.pk, last_day=form.cleaned_data["last_day"], by=access.acting(request), on=clock.today()
            )
        except schedule.ScheduleRefused as refused:
            form.add_error("last_day", str(refused))
        else:
            messages.success(request, _("Noted. Good that you are well again."))
            return redirect("claims:mine", number)
    return pages.page(
        request, form, heading=_("I am well again"),
        lead=_("The last month is set aside up to this day; nothing is paid for later ones."), submit=_("Say so"),
        back=reverse("claims:mine", args=[number]), back_words=number,
    )  # fmt: skip


@access.roles(Role.CLAIMS_OFFICER)
@require_POST
def certificate_step(request: HttpRequest, certificate_id: int, step: str) -> HttpResponse:
    """Accept or decline a certificate."""
    certificate = get_object_or_404(Certificate.objects.select_related("claim__member"), pk=certificate_id)
    act = {"accept": schedule.accept, "decline": schedule.decline}.get(step)
    if act is None or certificate.claim.member.user_id == request.user.pk:
        raise Http404
    try:
        act(certificate_id=certificate.pk, by=access.acting(request), on=clock.today())
    except schedule.ScheduleRefused as refused:
        messages.error(request, str(refused))
    else:
        certificate.refresh_from_db()
        waits = certificate.accepted_on is None and certificate.declined_on is None
        messages.success(request, _("Noted. A second officer confirms it.") if waits else _("Noted."))
    return redirect("claims:decide", certificate.claim.number)


@access.roles(Role.MEMBER)
@require_POST
def open_own(request: HttpRequest, number: str) -> HttpResponse:
    """Look at my own sealed papers."""
    claim = get_object_or_404(Claim.objects.select_related("member"), number=number, member=_me(request))
    return _opened(request, claim, Why.OWN, reverse("claims:mine", args=[number]))


@access.roles(Role.CLAIMS_OFFICER)
@require_POST
def open_sealed(request: HttpRequest, number: str) -> HttpResponse:
    """Open a sealed paper of a claim, with a reason that its owner reads."""
    claim = get_object_or_404(Claim.objects.select_related("member"), number=number)
    if claim.member.user_id == request.user.pk:
        raise Http404
    form = OpenForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say why you open it."))
        return redirect("claims:decide", number)
    return _opened(request, claim, Why(form.cleaned_data["why"]), reverse("claims:decide", args=[number]))


def _opened(request: HttpRequest, claim: Claim, why: Why, back: str) -> HttpResponse:
    place = request.POST.get("place", "")
    file = claim.evidence.filter(place=place).first()
    letter = place.startswith(f"{papers.LETTER}/")
    if file is None and not letter and not evidence.holds_words(place):
        raise Http404
    try:
        content = evidence.open_place(claim=claim, place=place, why=why, by=access.acting(request), at=clock.now())
    except (evidence.EvidenceRefused, separation.SeparationRefused) as refused:
        messages.error(request, str(refused))
        return redirect(back)
    if letter:
        answer = HttpResponse(content, content_type="application/pdf")
        answer["Content-Disposition"] = f'attachment; filename="{claim.number}-{place.replace("/", "-")}.pdf"'
    elif file is None:
        context = {"claim": claim, "words": content.decode(), "back": back}
        answer = render(request, "claims/paper.html", context)
    else:
        answer = HttpResponse(content, content_type=file.mime)
        answer["Content-Disposition"] = f'attachment; filename="{file.file_name}"'
        answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer["Cache-Control"] = "no-store, private"
    return answer


@access.roles(*Role)
@require_GET
def open_book_page(request: HttpRequest) -> HttpResponse:
    """What funds granted, on open books: never fewer than five claims together."""
    return render(request, "claims/open_book.html", {"book": open_book.read(clock.today())})


@access.roles(Role.CLAIMS_OFFICER)
@require_http_methods(["GET", "POST"])
def sample(request: HttpRequest, sample_id: int) -> HttpResponse:
    """Read a paid claim again, and say what that showed."""
    found = get_object_or_404(Sample.objects.select_related("claim__member"), pk=sample_id)
    if found.claim.member.user_id == request.user.pk:
        raise Http404
    form = SampleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            sampling.record(
                sample_id=found.pk, verdict=form.cleaned_data["verdict"], by=access.acting(request), on=clock.today()
            )
        except sampling.SamplingRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Noted."))
            return redirect("claims:desk")
    return pages.page(
        request, form, heading=_("Read %(number)s again") % {"number": found.claim.number},
        lead=_("Open the claim and its papers, reckon it once more, then say what you found."), submit=_("Say so"),
        back=reverse("claims:decide", args=[found.claim.number]), back_words=found.claim.number,
    )  # fmt: skip


@access.roles(Role.CLAIMS_OFFICER, Role.TREASURER, Role.AUDITOR, Role.ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def rules(request: HttpRequest) -> HttpResponse:
    """The rules of the desk, and proposals for new ones."""
    can_write = bool(request.user.roles & {Role.CLAIMS_OFFICER, Role.ADMINISTRATOR})  # type: ignore[union-attr]
    if request.method == "POST":
        if not can_write:
            raise Http404
        decision = proposing.find(request.POST.get("number", ""), [desk_rules.KIND])
        proposing.answer(request, decision, desk_rules.confirm, refused=(desk_rules.DeskRulesRefused,))
        return redirect("claims:rules")
    context = {**reports.desk(clock.today()), "can_write": can_write, "me": request.user.pk}
    return render(request, "claims/rules.html", context)


@access.roles(Role.CLAIMS_OFFICER, Role.ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def rules_change(request: HttpRequest) -> HttpResponse:
    """Propose new rules of the desk."""
    today = clock.today()
    now = desk_rules.on(today)
    first = {name: getattr(now, name) for name in (*desk_rules.FIGURES, "four_eyes_above")}
    form = DeskRulesForm(request.POST or None, currency=settings.COOPERATIVE_CURRENCY, initial=first)
    return proposing.propose(
        request, form,
        lambda said: desk_rules.propose(
            figures=said, four_eyes_above=said["four_eyes_above"], valid_from=said["valid_from"], text=said["text"],
            by=access.acting(request), on=today,
        ),
        refused=desk_rules.DeskRulesRefused, field="valid_from", then=lambda made: reverse("claims:rules"),
        done=_("Proposed. Another officer confirms it."), heading=_("Change the rules of the desk"),
        lead=_("Another officer confirms them. Claims decided before keep the rules of their day."),
        submit=_("Propose them"), back=reverse("claims:rules"), back_words=_("Rules of the desk"),
    )  # fmt: skip


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
def desk(request: HttpRequest) -> HttpResponseBase:
    """Claims that wait; for treasurers, what is approved and to be paid: numbers and amounts only."""
    roles = request.user.roles  # type: ignore[union-attr]
    decides, pays = Role.CLAIMS_OFFICER in roles, Role.TREASURER in roles
    found = Claim.objects.select_related("fund").order_by("id")
    if downloads.wanted(request):
        return downloads.table(request, f"claims-{clock.today()}", reports.CLAIM_COLUMNS, reports.claim_rows(found))
    waiting, certificates, samples = _to_decide(found) if decides else ([], [], [])
    to_look_at = [*waiting, *(one.claim for one in certificates), *(one.claim for one in samples)]
    context = {
        "decides": decides,
        "pays": pays,
        "waiting": waiting,
        "going_on": found.filter(status__in=[*Claim.GOING_ON, Claim.Status.APPROVED])[:200] if decides else [],
        "certificates": certificates,
        "samples": samples,
        "not_mine": separation.obstacles(to_look_at, by=access.acting(request), on=clock.today()),
        "to_pay": found.filter(status=Claim.Status.APPROVED)[:200] if pays else [],
        "page": Paginator(
            found.filter(status__in=[Claim.Status.PAID, Claim.Status.REFUSED]).order_by("-id"), PAGE
        ).get_page(request.GET.get("page")),
    }
    return render(request, "claims/desk.html", context)


def _to_decide(found: QuerySet[Claim]) -> tuple[list[Claim], list[Certificate], list[Sample]]:
    """Claims, certificates and drawn claims that wait for an officer."""
    certificates = Certificate.objects.select_related("claim").filter(
        accepted_on=None, declined_on=None, claim__status__in=Claim.GOING_ON
    )
    return (
        list(found.filter(status__in=[Claim.Status.SUBMITTED, Claim.Status.PROPOSED])[:200]),
        list(certificates.order_by("id")[:100]),
        list(Sample.objects.select_related("claim").filter(verdict="").order_by("id")[:100]),
    )


@access.roles(Role.CLAIMS_OFFICER)
@require_http_methods(["GET", "POST"])
def decide(request: HttpRequest, number: str) -> HttpResponse:
    """Decide about a claim: approve first, confirm, send back or refuse."""
    claim = get_object_or_404(
        Claim.objects.select_related("member", "fund__account__currency", "proposed_by", "decided_by"), number=number
    )
    if claim.member.user_id == request.user.pk:
        raise Http404
    undecided = claim.status in (Claim.Status.SUBMITTED, Claim.Status.PROPOSED)
    found = entitlements.of(claim) if undecided else None
    ruled = entitlements.amount(found) if found is not None else None
    free = found is not None and (
        claim.jury_granted or claim.fund.promise in (Fund.Promise.DISCRETIONARY, Fund.Promise.GIFT)
    )
    first_reason = entitlements.REASONS[found.code] if found is not None and found.code is not None else None
    approve_form = ApproveForm(claimed=claim.amount_claimed, ruled=ruled, free=free)
    refuse_form = RefuseForm(free=free, initial={"reason": first_reason})
    if request.method == "POST":
        answer = request.POST.get("answer", "")
        if answer == "propose":
            approve_form = ApproveForm(request.POST, claimed=claim.amount_claimed, ruled=ruled, free=free)
        elif answer == "refuse":
            refuse_form = RefuseForm(request.POST, free=free)
        if not (approve_form.errors or refuse_form.errors):
            _answer(request, claim, answer, approve_form, refuse_form)
            return redirect("claims:decide", number)
    try:
        separation.may_decide(claim=claim, by=access.acting(request), on=clock.today())
    except separation.TooClose as barred:
        return render(request, "claims/barred.html", {"claim": claim, "why": str(barred)})
    earlier = Claim.objects.filter(member=claim.member, pk__lt=claim.pk).order_by("-id")[:10]
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
        **reports.papers(claim),
        **reports.schedule(claim),
        "undecided": undecided,
        "ruled": entitlements.shown(found, get_language() or "en") if found else entitlements.kept(claim),
        "open_form": OpenForm(initial={"why": Why.CONFIRM if claim.proposed_by_id else Why.DECIDE}),
    }
    bad = bool(approve_form.errors or refuse_form.errors)
    return render(request, "claims/decide.html", context, status=422 if bad else 200)


_APPROVED = gettext_lazy("Approved. The money is set aside, and the member gets a letter.")
_DECIDED = {
    Claim.Status.SUBMITTED: gettext_lazy("Sent back. It waits to be decided anew."),
    Claim.Status.PROPOSED: gettext_lazy("Noted. Nothing is set aside before a second officer confirms it."),
    Claim.Status.RUNNING: gettext_lazy("Approved. Each month is set aside when it is over; the member gets a letter."),
    Claim.Status.REFUSED: gettext_lazy("Refused. The member gets a letter with the reason, and how to appeal."),
}
"""What is said once a claim has come to a state; whatever else it has come to is an approval."""


def _answer(
    request: HttpRequest, claim: Claim, answer: str, approve_form: ApproveForm, refuse_form: RefuseForm
) -> None:
    by, on = access.acting(request), clock.today()
    try:
        if answer == "propose":
            said = approve_form.cleaned_data
            done = claims.propose(
                claim_id=claim.pk, amount=said["amount"], by=by, on=on, deviation=said.get("deviation", "")
            )
        elif answer == "confirm":
            done = claims.approve(claim_id=claim.pk, by=by, on=on)
        elif answer == "back":
            done = claims.send_back(claim_id=claim.pk, by=by, on=on)
        elif answer == "refuse":
            said = refuse_form.cleaned_data
            done = claims.refuse(
                claim_id=claim.pk, reason=said["reason"], by=by, on=on, deviation=said.get("deviation", "")
            )
        else:
            raise Http404
    except claims.ClaimRefused as refused:
        if isinstance(refused, claims.OwnClaim | claims.TooClose | claims.SameOfficer):
            claims.note_attempt(claim_id=claim.pk, answer=answer, by=by)
        messages.error(request, str(refused))
    else:
        messages.success(request, str(_DECIDED.get(Claim.Status(done.status), _APPROVED)))

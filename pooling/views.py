"""Pages about funds, dues and payments."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from members.models import Member
from mutual import access, clock, formats
from mutual.access import Role
from mutual.documents.documents import DocumentRefused
from mutual.jobs.models import Run
from mutual.ledger import audit, balances, chart
from mutual.money import from_minor, zero
from mutual.pages import downloads
from mutual.pages import forms as pages
from mutual.periods import month
from pooling import accounts, dues, funds, payments, receipts, reports
from pooling.dunning import reports as arrears_reports
from pooling.forms import ChargeForm, FundForm, OnceForm, PaymentForm, PlaceForm, PlanForm, PutOnPlanForm
from pooling.models import Charge, DuesPlan, Fund, Payment, PlanMember

PAGE = 50
EVERYBODY = (Role.MEMBER, Role.TREASURER, Role.CLAIMS_OFFICER, Role.AUDITOR, Role.ADMINISTRATOR)
MONEY = (Role.TREASURER, Role.ADMINISTRATOR)
SEEING = (*MONEY, Role.AUDITOR)


def _can_write(request: HttpRequest) -> bool:
    return bool(request.user.roles & set(MONEY))  # type: ignore[union-attr]


def _is_officer(request: HttpRequest) -> bool:
    return bool(request.user.roles & access.OFFICERS)  # type: ignore[union-attr]


@access.roles(*EVERYBODY)
@require_GET
def fund_list(request: HttpRequest) -> HttpResponse:
    """Every fund: what it holds, its target, how it went."""
    context = {"funds": reports.funds(clock.today(), officer=_is_officer(request)), "can_write": _can_write(request)}
    return render(request, "pooling/funds.html", context)


@access.roles(*EVERYBODY)
@require_GET
def fund_page(request: HttpRequest, slug: str) -> HttpResponse:
    """One fund, with its movements by month: for members, in months put together so that nobody is recognised."""
    fund = get_object_or_404(Fund.objects.select_related("account__currency"), slug=slug)
    view, rows = reports.fund(fund, clock.today(), officer=_is_officer(request))
    context = {"view": view, "rows": rows, "can_write": _can_write(request)}
    return render(request, "pooling/fund.html", context)


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def fund_new(request: HttpRequest) -> HttpResponse:
    """Open a fund."""
    currency = settings.COOPERATIVE_CURRENCY
    form = FundForm(request.POST or None, currency=currency, opened=False)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            fund = funds.open_fund(
                name=said["name"], description=said["description"], promise=said["promise"], currency=currency,
                target=said["target"], by=access.acting(request), on=clock.today(),
            )  # fmt: skip
        except funds.FundRefused as refused:
            form.add_error("name", str(refused))
        else:
            messages.success(request, _("The fund is open. Give it a share in a dues plan to fill it."))
            return redirect("pooling:fund", fund.slug)
    return pages.page(
        request, form, heading=_("Open a fund"), lead=_("Money set aside for one kind of benefit."),
        submit=_("Open it"), back=reverse("pooling:funds"), back_words=_("Funds"),
    )  # fmt: skip


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def fund_change(request: HttpRequest, slug: str) -> HttpResponse:
    """Change a fund's words, target and floor."""
    fund = get_object_or_404(Fund, slug=slug)
    first = {
        "name": fund.name, "description": fund.description, "promise": fund.promise, "target": fund.target,
        "floor": fund.floor,
    }  # fmt: skip
    form = FundForm(request.POST or None, currency=fund.currency, opened=True, initial=first)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            funds.change(
                fund_id=fund.pk, name=said["name"], description=said["description"], promise=said["promise"],
                target=said["target"], floor=said["floor"], by=access.acting(request),
            )  # fmt: skip
        except funds.FundRefused as refused:
            form.add_error("floor", str(refused))
        else:
            messages.success(request, _("Changed."))
            return redirect("pooling:fund", fund.slug)
    return pages.page(
        request, form, heading=_("Change %(fund)s") % {"fund": fund.name},
        lead=_("The floor holds from the moment you save."), submit=_("Save"),
        back=reverse("pooling:fund", args=[slug]), back_words=fund.name,
    )  # fmt: skip


@access.roles(Role.MEMBER)
@require_GET
def my_dues(request: HttpRequest) -> HttpResponseBase:
    """A member's own charges and payments."""
    member: Member | None = request.user.member_or_none  # type: ignore[union-attr]
    if member is None:
        raise Http404
    if downloads.wanted(request):
        return _charges_to_take_away(request, Charge.objects.filter(member=member), member.number)
    charges = _charges(member)
    page = Paginator(charges, 24).get_page(request.GET.get("page"))
    plan = member.plans.select_related("plan").filter(until=None).first()
    views = {view.plan.pk: view for view in reports.plans(clock.today())} if plan else {}
    still = charges.filter(amount__gt=F("paid") + F("written_off"))
    owing = sum((charge.still_open for charge in still), zero(member.currency))
    ahead = balances.held_by(member.pk, book=chart.COOP, prefix="liabilities:prepayments:")
    context = {
        "page": page,
        "charges": reports.charges(page),
        "payments": payments.of_member(member)[:24],
        "member": member,
        "owing": owing,
        "ahead": [one.amount for one in ahead if one.amount.amount],
        "how": reports.how_to_pay(member, owing),
        "plan": views.get(plan.plan_id) if plan else None,
        "asked": _asked(views[plan.plan_id], plan) if plan else "",
        "banded": plan is not None and plan.plan.basis == DuesPlan.Basis.BAND,
        "waivers": member.waivers.filter(until__gt=clock.today()).order_by("since"),
        "arrears": arrears_reports.of_member(member),
        "has_buffer": bool(chart.owned_by(member.pk, book=chart.COOP, prefix=accounts.BUFFERS)),
        "today": clock.today(),
    }
    return render(request, "pooling/my_dues.html", context)


def _asked(view: reports.PlanView, stay: PlanMember) -> str:
    """What a plan asks of one member, in words."""
    own = next((rate for rate in view.rates if rate.place == stay.place), None)
    return f"{own.name}, {formats.money(own.money)}" if own is not None else view.words


def _charges_to_take_away(request: HttpRequest, found: QuerySet[Charge], name: str) -> HttpResponseBase:
    return downloads.table(
        request, f"charges-{name}-{clock.today()}", reports.CHARGE_COLUMNS, reports.charge_rows(found)
    )


def _charges(member: Member) -> QuerySet[Charge]:
    return (
        Charge.objects.select_related("version")
        .prefetch_related(*reports.CHARGE_PARTS)
        .filter(member=member)
        .order_by("-charged_on", "-id")
    )


@access.roles(*SEEING)
@require_http_methods(["GET", "POST"])
def dues_page(request: HttpRequest) -> HttpResponseBase:
    """Plans, and the charge of a period for everybody."""
    today = clock.today()
    if downloads.wanted(request):
        return _charges_to_take_away(request, Charge.objects.all(), "all")
    form = ChargeForm(request.POST or None, initial={"period": month(today).label})
    if request.method == "POST":
        if not _can_write(request):
            raise Http404
        if form.is_valid():
            try:
                run = dues.request_run(period=form.cleaned_data["period"], by=access.acting(request), on=today)
            except (dues.DuesRefused, audit.BooksBroken) as refused:
                form.add_error("period", str(refused))
            else:
                return redirect("run", run.pk)
    context = {
        "form": form,
        "plans": reports.plans(today),
        "waiting": dues.waiting(today),
        "runs": Run.objects.filter(kind="dues").order_by("-created_at")[:14],
        "can_write": _can_write(request),
    }
    return render(request, "pooling/dues.html", context, status=422 if form.errors else 200)


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def plan_edit(request: HttpRequest, slug: str = "") -> HttpResponse:
    """Open a dues plan, or give one a new version."""
    plan = get_object_or_404(DuesPlan, slug=slug) if slug else None
    currency = plan.currency if plan else settings.COOPERATIVE_CURRENCY
    first = {}
    newest = plan.versions.order_by("-valid_from").first() if plan else None
    if newest:
        first = {
            "amount": newest.amount, "days_to_pay": newest.days_to_pay, "by_day": newest.by_day,
            "in_work": newest.in_work, "least": newest.least, "percent": Decimal(newest.permyriad) / 100,
            "rates": "\n".join(f"{rate.name}: {formats.bare(rate.money)}" for rate in newest.rates.all()),
        }  # fmt: skip
        first |= {
            f"{'buffer' if share.buffer else 'share'}_{share.fund_id or 'costs'}": share.weight
            for share in newest.shares.all()
        }
    form = PlanForm(request.POST or None, plan=plan, currency=currency, today=clock.today(), initial=first)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        terms = {
            "amount": said["amount"], "shares": form.shares(), "valid_from": said["valid_from"],
            "days_to_pay": said["days_to_pay"], "by": access.acting(request), "more": form.more(),
        }  # fmt: skip
        try:
            if plan is None:
                dues.open_plan(
                    name=said["name"], every=said["every"], basis=said["basis"], anchored_on=said["anchored_on"],
                    **terms,
                )  # fmt: skip
            else:
                dues.change_plan(plan_id=plan.pk, **terms)
        except dues.DuesRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Saved. What was charged before stays as it was."))
            return redirect("pooling:dues")
    return pages.page(
        request, form, heading=_("Change %(plan)s") % {"plan": plan.name} if plan else _("Open a dues plan"),
        lead=_("Shares are weights: 3, 2 and 1 give a half, a third and a sixth."), submit=_("Save"),
        back=reverse("pooling:dues"), back_words=_("Dues"),
    )  # fmt: skip


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def put_on_plan(request: HttpRequest) -> HttpResponse:
    """Put a member on a plan."""
    first = {"since": clock.today().replace(day=1), "number": request.GET.get("number", "")[:12]}
    form = PutOnPlanForm(request.POST or None, initial=first, today=clock.today())
    if request.method == "POST" and form.is_valid():
        said, (plan_id, place) = form.cleaned_data, form.placed()
        try:
            dues.put_on_plan(
                member_id=said["number"].pk, plan_id=plan_id, since=said["since"], place=place,
                by=access.acting(request), on=clock.today(),
            )  # fmt: skip
        except dues.DuesRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Done. What was charged of the days since is charged anew by the day."))
            return redirect("pooling:dues")
    return pages.page(
        request, form, heading=_("Put a member on a plan"),
        lead=_("The next charge follows it; for days that were charged already she gets a charge or a credit."),
        submit=_("Put on the plan"),
        back=reverse("pooling:dues"), back_words=_("Dues"),
    )  # fmt: skip


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def charge_once(request: HttpRequest, slug: str) -> HttpResponse:
    """Charge a member what is due once, such as an entry fee."""
    plan = get_object_or_404(DuesPlan, slug=slug, every=DuesPlan.Every.ONCE)
    form = OnceForm(request.POST or None, initial={"number": request.GET.get("number", "")[:12]})
    if request.method == "POST" and form.is_valid():
        member = form.cleaned_data["number"]
        try:
            dues.charge_once(member_id=member.pk, plan_id=plan.pk, by=access.acting(request), on=clock.today())
        except dues.DuesRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Charged. It is never charged to her twice."))
            return redirect("pooling:member_dues", member.number)
    return pages.page(
        request, form, heading=plan.name, lead=_("It is due once, and added to what she owes."),
        submit=_("Charge it"), back=reverse("pooling:dues"), back_words=_("Dues"),
    )  # fmt: skip


@access.roles(*SEEING)
@require_GET
def payment_list(request: HttpRequest) -> HttpResponseBase:
    """Payments, newest first; what waits to be placed above them."""
    found = Payment.objects.select_related("member", "bank").order_by("-received_on", "-id")
    if downloads.wanted(request):
        heading = (
            "number",
            "received on",
            "member",
            "name",
            "currency",
            "amount",
            "bank account",
            "reference",
            "state",
        )
        rows = (
            (
                one.number, one.received_on, one.member.number if one.member else None,
                one.member.name if one.member else None, str(one.amount.currency), one.amount, one.bank.name,
                one.reference, one.status,
            )
            for one in found.iterator(chunk_size=2000)
        )  # fmt: skip
        return downloads.table(request, f"payments-{clock.today()}", heading, rows)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    waiting = found.filter(status=Payment.Status.UNPLACED)[:PAGE]
    return render(
        request, "pooling/payments.html", {"page": page, "waiting": waiting, "can_write": _can_write(request)}
    )


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def payment_new(request: HttpRequest) -> HttpResponse:
    """Record a payment by hand."""
    first = {"received_on": clock.today(), "number": request.GET.get("number", "")[:12]}
    form = PaymentForm(request.POST or None, initial=first)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            payment = payments.record(
                member_id=said["number"].pk if said["number"] else None, bank_id=said["bank"].pk,
                amount=said["amount"], received_on=said["received_on"], reference=said["reference"],
                form_key=said["form_key"], by=access.acting(request),
            )  # fmt: skip
        except payments.PaymentRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("%(payment)s is recorded.") % {"payment": payment.number})
            return redirect("pooling:payment", payment.number)
    return pages.page(
        request, form, heading=_("Record a payment"),
        lead=_("It pays the oldest charge first; what is left over is kept for the next one."), submit=_("Record it"),
        back=reverse("pooling:payments"), back_words=_("Payments"),
    )  # fmt: skip


@access.roles(Role.MEMBER)
@require_GET
def my_receipt(request: HttpRequest, number: str) -> HttpResponse:
    """The receipt of a payment of one's own, as PDF."""
    member: Member | None = request.user.member_or_none  # type: ignore[union-attr]
    payment = get_object_or_404(Payment.objects.select_related("member", "bank"), number=number, member=member)
    return _receipt(request, payment, "pooling:my_dues")


@access.roles(*SEEING)
@require_GET
def receipt(request: HttpRequest, number: str) -> HttpResponse:
    """The receipt of a member's payment, as PDF; that it was read is written in the log."""
    payment = get_object_or_404(Payment.objects.select_related("member", "bank"), number=number)
    return _receipt(request, payment, "pooling:payment", number)


def _receipt(request: HttpRequest, payment: Payment, back: str, *arguments: str) -> HttpResponse:
    language = payment.member.language if payment.member else request.LANGUAGE_CODE
    try:
        name, pdf = receipts.give(payment=payment, language=language, at=clock.now(), by=access.acting(request))
    except (receipts.ReceiptRefused, DocumentRefused) as refused:
        messages.error(request, str(refused))
        return redirect(back, *arguments)
    answer = HttpResponse(pdf, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{name}"'
    return answer


@access.roles(*SEEING)
@require_GET
def payment_page(request: HttpRequest, number: str) -> HttpResponse:
    """One payment: where it went, and what can be done about it."""
    payment = get_object_or_404(Payment.objects.select_related("member", "bank", "replaces"), number=number)
    unit = str(payment.amount.currency)
    placements = [
        (one, from_minor(one.standing, unit))
        for one in payment.placements.select_related("charge__version").order_by("id")
    ]
    kept = payment.amount - sum((paid for _one, paid in placements), zero(unit))
    context = {
        "payment": payment,
        "placements": placements,
        "kept": kept if payment.status == Payment.Status.RECORDED and kept.amount else None,
        "replaced_by": Payment.objects.filter(replaces=payment).first(),
        "form": PlaceForm(),
        "can_write": _can_write(request),
    }
    return render(request, "pooling/payment.html", context)


@access.roles(*MONEY)
@require_POST
def payment_place(request: HttpRequest, number: str) -> HttpResponse:
    """Give an unplaced payment to a member."""
    payment = get_object_or_404(Payment, number=number)
    form = PlaceForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form.errors.get("number", []))))
        return redirect("pooling:payment", number)
    try:
        payments.place(
            payment_id=payment.pk, member_id=form.cleaned_data["number"].pk, by=access.acting(request), on=clock.today()
        )
    except payments.PaymentRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Placed."))
    return redirect("pooling:payment", number)


@access.roles(*MONEY)
@require_POST
def payment_withdraw(request: HttpRequest, number: str) -> HttpResponse:
    """Take a payment back that was recorded wrongly."""
    payment = get_object_or_404(Payment, number=number)
    try:
        payments.withdraw(payment_id=payment.pk, by=access.acting(request), on=clock.today())
    except payments.PaymentRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Withdrawn. The charges it paid are open again."))
    return redirect("pooling:payment", number)


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def payment_correct(request: HttpRequest, number: str) -> HttpResponse:
    """Withdraw a payment and record it anew, in one step."""
    payment = get_object_or_404(Payment.objects.select_related("member"), number=number)
    first = {
        "number": payment.member.number if payment.member else "", "amount": payment.amount, "bank": payment.bank_id,
        "received_on": payment.received_on, "reference": payment.reference,
    }  # fmt: skip
    form = PaymentForm(request.POST or None, initial=first, currency=str(payment.amount.currency))
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            right = payments.correct(
                payment_id=payment.pk, member_id=said["number"].pk if said["number"] else None,
                bank_id=said["bank"].pk, amount=said["amount"], received_on=said["received_on"],
                reference=said["reference"], form_key=said["form_key"], by=access.acting(request), on=clock.today(),
            )  # fmt: skip
        except payments.PaymentRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Corrected: %(payment)s takes its place.") % {"payment": right.number})
            return redirect("pooling:payment", right.number)
    return pages.page(
        request, form, heading=_("Correct %(payment)s") % {"payment": number},
        lead=_("The old entry is undone by its mirror image and the right one is recorded; both stay visible."),
        submit=_("Correct it"), back=reverse("pooling:payment", args=[number]), back_words=number,
    )  # fmt: skip


@access.roles(*SEEING)
@require_GET
def arrears(request: HttpRequest) -> HttpResponseBase:
    """Who owes dues, and for how long."""
    lines = reports.arrears(clock.today())
    if downloads.wanted(request):
        heading = ("number", "name", "currency", "not yet due", "1-30", "31-60", "61-90", "over 90", "sum")
        rows = (
            (one.number, one.name, one.currency, one.not_yet, one.month, one.two, one.three, one.older, one.total)
            for one in lines
        )
        return downloads.table(request, f"arrears-{clock.today()}", heading, rows)
    context = {"lines": lines[:500], "more": max(len(lines) - 500, 0), "totals": reports.arrears_totals(lines)}
    return render(request, "pooling/arrears.html", context)


@access.roles(*SEEING)
@require_GET
def member_dues(request: HttpRequest, number: str) -> HttpResponseBase:
    """One member's charges, for officers, with what can be done about them."""
    member = get_object_or_404(Member, number=number)
    if downloads.wanted(request):
        return _charges_to_take_away(request, Charge.objects.filter(member=member), number)
    page = Paginator(_charges(member), 36).get_page(request.GET.get("page"))
    context = {
        "member": member,
        "page": page,
        "charges": reports.charges(page),
        "payments": payments.of_member(member)[:36],
        "waivers": member.waivers.filter(until__gt=clock.today()).order_by("since"),
        "arrears": arrears_reports.of_member(member),
        "can_write": _can_write(request),
        "today": clock.today(),
    }
    return render(request, "pooling/member_dues.html", context)

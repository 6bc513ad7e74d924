"""The pages of every room's proposals: one officer proposes, another confirms or declines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from members.governance import decisions
from members.governance.models import Decision
from mutual import access, clock
from mutual.access import Role
from mutual.pages import forms as pages

PAGE = 50


def _has(request: HttpRequest, roles: Iterable[Role]) -> bool:
    return bool(request.user.roles & set(roles))  # type: ignore[union-attr]


def propose(
    request: HttpRequest,
    form: forms.Form,
    act: Callable[[dict[str, Any]], Decision],
    *,
    refused: type[Exception] | tuple[type[Exception], ...],
    then: Callable[[Decision], str],
    heading: str,
    lead: str,
    back: str,
    back_words: str,
    submit: str = "",
    done: str = "",
    note: str = "",
    field: str | None = None,
) -> HttpResponse:
    """A form that proposes something: where it is refused, the sentence stands at the form or at a field of it."""
    if request.method == "POST" and form.is_valid():
        try:
            made = act(form.cleaned_data)
        except refused as refusal:
            form.add_error(field, str(refusal))
        else:
            messages.success(request, done or _("Proposed. Another officer confirms it; nothing has been booked yet."))
            return redirect(then(made))
    return pages.page(
        request, form, heading=heading, lead=lead, submit=submit or _("Propose it"), back=back, back_words=back_words,
        note=note,
    )  # fmt: skip


def answer(
    request: HttpRequest,
    decision: Decision,
    confirm: Callable[..., object],
    *,
    refused: tuple[type[Exception], ...],
    done: Mapping[str, str] | None = None,
) -> str:
    """Take a second officer's answer, ``confirm`` or ``decline``; empty where it was refused."""
    said = request.POST.get("answer", "")
    if said not in ("confirm", "decline"):
        raise Http404
    by, on = access.acting(request), clock.today()
    any_refusal: tuple[type[Exception], ...] = (decisions.DecisionRefused, *refused)
    try:
        if said == "confirm":
            confirm(decision_id=decision.pk, by=by, on=on)
        else:
            decisions.decline(decision_id=decision.pk, kind=decision.kind, by=by, on=on)
    except any_refusal as refusal:
        if isinstance(refusal, decisions.SamePerson):
            decisions.note_attempt(decision_id=decision.pk, by=by)
        messages.error(request, str(refusal))
        return ""
    messages.success(request, (done or {}).get(said) or _("Decided."))
    return said


def find(number: str, kinds: Iterable[str]) -> Decision:
    """A decision of one of the kinds, or 404."""
    found = Decision.objects.select_related("proposed_by", "decided_by")
    return get_object_or_404(found, number=number, kind__in=list(kinds))


def decision_page(
    request: HttpRequest,
    number: str,
    *,
    kinds: Mapping[str, Any],
    writers: Iterable[Role],
    confirm: Callable[..., object],
    refused: tuple[type[Exception], ...],
    facts: Callable[[dict[str, Any]], list[tuple[str, str]]],
    back: str,
    back_words: str,
) -> HttpResponse:
    """One proposal: what exactly it would do, and the second officer's answer."""
    decision = find(number, kinds)
    writes = _has(request, writers)
    if request.method == "POST":
        if not writes:
            raise Http404
        answer(request, decision, lambda **said: confirm(kind=decision.kind, **said), refused=refused)
        return redirect(request.path)
    context = {
        "decision": decision, "kind": kinds[decision.kind], "facts": facts(decision.terms), "can_write": writes,
        "me": request.user.pk, "back": back, "back_words": back_words,
    }  # fmt: skip
    return render(request, "governance/decision.html", context)


def decision_lists(request: HttpRequest, template: str, *, kinds: Mapping[str, Any], view: str, writers: Iterable[Role],
                   ) -> HttpResponse:  # fmt: skip
    """What waits for a second officer, and what was decided; ``view`` is the page of one decision."""
    decided = Decision.objects.filter(kind__in=list(kinds)).exclude(state=Decision.State.PROPOSED).order_by("-id")
    context = {
        "waiting": decisions.waiting(*kinds)[:PAGE], "page": Paginator(decided, PAGE).get_page(request.GET.get("page")),
        "view": view, "kinds": kinds, "can_write": _has(request, writers),
    }  # fmt: skip
    return render(request, template, context)
